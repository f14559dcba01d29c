"""BiGAN's networks for MNIST (Donahue et al. 2017, arXiv:1605.09782, section 4.1).

Layers and norms are the authors' (jeffdonahue/bigan on GitHub, `mnist_mlp` and
`deconvnet_mnist_mlp` in `net.py`, with the settings of `train_mnist.sh`). Batch norm has neither
scale nor offset, and no layer has a bias.
"""

from functools import partial

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import DType, leaky_relu, normal_init


class BiGANEncoder(nn.Module):
    """Maps flattened images to codes, `[n, ...] -> [n, size]`.

    Attributes:
      size: of a code.
      features: units of both hidden layers.
      dtype: of the computation; parameters are float32.
    """

    size: int = 50
    features: int = 1024
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        dense = partial(nn.Dense, use_bias=False, dtype=self.dtype, kernel_init=normal_init)
        x = leaky_relu(dense(self.features)(x.reshape(x.shape[0], -1)))
        x = leaky_relu(_norm(dense(self.features)(x), train, self.dtype))
        return core.at_least_float32(dense(self.size)(x))


class BiGANGenerator(nn.Module):
    """Maps codes to images in [-1, 1], `[n, size] -> [n, *shape]`; both hidden layers see the code.

    Attributes:
      shape: of an image.
      features: units of both hidden layers.
      dtype: of the computation; parameters are float32.
    """

    shape: tuple[int, ...] = (28, 28, 1)
    features: int = 1024
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, z: Array, train: bool = False) -> Array:
        dense = partial(nn.Dense, use_bias=False, dtype=self.dtype, kernel_init=normal_init)
        x = nn.relu(_norm(dense(self.features)(z), train, self.dtype))
        x = dense(self.features)(x) + dense(self.features)(z)
        x = nn.relu(_norm(x, train, self.dtype))
        x = core.at_least_float32(
            nn.DenseGeneral(self.shape, use_bias=False, dtype=self.dtype, kernel_init=normal_init)(
                x
            )
        )
        return jnp.tanh(x / 2)  # 2 sigmoid(x) - 1


class BiGANDiscriminator(nn.Module):
    """Maps flattened images and codes to logits, `[n, ...], [n, size] -> [n]`.

    The code enters the second hidden layer.

    Attributes:
      features: units of both hidden layers.
      dtype: of the computation; parameters are float32.
    """

    features: int = 1024
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, z: Array, train: bool = False) -> Array:
        dense = partial(nn.Dense, use_bias=False, dtype=self.dtype, kernel_init=normal_init)
        x = leaky_relu(dense(self.features)(x.reshape(x.shape[0], -1)))
        x = dense(self.features)(x) + dense(self.features)(z.reshape(z.shape[0], -1))
        x = leaky_relu(_norm(x, train, self.dtype))
        return core.at_least_float32(dense(1)(x)[:, 0])


def _norm(x: Array, train: bool, dtype: DType) -> Array:
    return nn.BatchNorm(not train, momentum=0.9, use_scale=False, use_bias=False, dtype=dtype)(x)

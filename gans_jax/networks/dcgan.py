"""The networks of DCGAN (Radford et al. 2016, arXiv:1511.06434).

Its five guidelines: strided convolutions instead of pooling, batch norm in both networks, no fully
connected hidden layers, ReLU in the generator and tanh at its end, leaky ReLU in the discriminator.
"""

from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks import layers
from gans_jax.networks.layers import DType, Norm

Lineage = Literal["torch", "paper"]


def _stages(size: int) -> tuple[int, int]:
    """Returns the side of the smallest features, 4 to 7, and how often it doubles up to `size`."""
    start, doublings = size, 0
    while start >= 8 and start % 2 == 0:
        start, doublings = start // 2, doublings + 1
    if not (4 <= start <= 7 and doublings):
        raise ValueError(
            f"a DCGAN cannot make images of size {size}: choose a size such as 28, 32, 48, 64, 96 "
            "or 128, which are doublings of a side of 4 to 7"
        )
    return start, doublings


class DCGANGenerator(nn.Module):
    """Maps noise to images, `[n, size of z] -> [n, size, size, channels]` in [-1, 1].

    Attributes:
      size: the side of the images: 4 to 7, doubled once or more.
      channels: of the images.
      features: channels of the last hidden layer; each layer before it has twice as many.
      norm: the norm of the hidden layers.
      lineage: "torch" has 4x4 kernels without biases, and projects the noise by a transposed
        convolution; "paper" has 5x5 kernels and a dense projection, with biases.
      dtype: of the computation; parameters are float32.
    """

    size: int = 64
    channels: int = 3
    features: int = 64
    norm: Norm = "batch"
    lineage: Lineage = "torch"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, z: Array, train: bool = False) -> Array:
        start, doublings = _stages(self.size)
        # A norm after the layer would remove its bias.
        use_bias = self.lineage == "paper" or self.norm == "none"
        width = self.features * 2 ** (doublings - 1)
        x = self._project(z, start, width, use_bias)
        x = nn.relu(layers.normalize(x, self.norm, train, self.dtype))
        for _ in range(doublings - 1):
            width //= 2
            x = self._double(x, width, use_bias)
            x = nn.relu(layers.normalize(x, self.norm, train, self.dtype))
        x = self._double(x, self.channels, use_bias)
        return jnp.tanh(core.at_least_float32(x))

    def _project(self, z: Array, start: int, width: int, use_bias: bool) -> Array:
        if self.lineage == "paper":
            init = nn.initializers.normal(0.02)
            x = nn.Dense(start * start * width, dtype=self.dtype, kernel_init=init)(z)
            return x.reshape(-1, start, start, width)
        z = z[:, None, None, :]
        return layers.ConvTranspose(width, kernel=start, use_bias=use_bias, dtype=self.dtype)(z)

    def _double(self, x: Array, width: int, use_bias: bool) -> Array:
        kernel, padding, extra = (5, 2, 1) if self.lineage == "paper" else (4, 1, 0)
        return layers.ConvTranspose(
            width, kernel, 2, padding, use_bias, self.dtype, output_padding=extra
        )(x)


class DCGANDiscriminator(nn.Module):
    """Maps images to logits, `[n, size, size, channels] -> [n]`, for every size a DCGAN can make.

    Attributes:
      features: channels of the first layer, which has no norm; each layer after it has twice as
        many.
      norm: the norm of the other hidden layers.
      lineage: "torch" has 4x4 kernels without biases, "paper" 5x5 kernels with biases.
      dtype: of the computation; parameters are float32.
    """

    features: int = 64
    norm: Norm = "batch"
    lineage: Lineage = "torch"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        return _code(self, x, 1, train)[:, 0]


class DCGANEncoder(nn.Module):
    """Maps images to codes, `[n, size, size, channels] -> [n, code]`, for MMD-GAN's auto-encoder.

    It is a `DCGANDiscriminator` that ends in `code` units instead of one. The decoder of MMD-GAN's
    auto-encoder is a `DCGANGenerator`.
    """

    code: int = 100
    features: int = 64
    norm: Norm = "batch"
    lineage: Lineage = "torch"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        return core.at_least_float32(_code(self, x, self.code, train))


def _code(network: DCGANDiscriminator | DCGANEncoder, x: Array, units: int, train: bool) -> Array:
    """Applies the convolutions of a network, down to one pixel of `units` channels.

    The last convolution covers the features of the smallest side, 4 to 7.
    """
    _, doublings = _stages(x.shape[1])
    norm, dtype = network.norm, network.dtype
    use_bias = network.lineage == "paper" or norm == "none"
    kernel, padding = (5, 2) if network.lineage == "paper" else (4, 1)
    for layer in range(doublings):
        x = layers.Conv(network.features * 2**layer, kernel, 2, padding, use_bias, dtype)(x)
        if layer:
            x = layers.normalize(x, norm, train, dtype)
        x = layers.leaky_relu(x)
    return layers.Conv(units, x.shape[1], use_bias=use_bias, dtype=dtype)(x)[:, 0, 0]

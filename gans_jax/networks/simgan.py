"""SimGAN's networks for eyes (Shrivastava et al. 2017, arXiv:1612.07828, appendix).

The appendix states the layers. Their initialisation is TensorFlow's, as in the public code
(carpedm20/simulated-unsupervised-tensorflow on GitHub, `model.py`).
"""

from functools import partial

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import Conv, DType

_conv = partial(Conv, use_bias=True, kernel_init=nn.initializers.xavier_uniform())


class SimGANRefiner(nn.Module):
    """Maps images to refined images, `[n, h, w, any] -> [n, h, w, channels]` in [-1, 1].

    It has no norm, and never makes the image smaller, so that the details stay.

    Attributes:
      channels: of the output.
      features: channels of all hidden layers.
      blocks: residual blocks of two 3x3 convolutions, with a ReLU behind each sum.
      dtype: of the computation; parameters are float32.
    """

    channels: int = 1
    features: int = 64
    blocks: int = 4
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array) -> Array:
        conv = partial(_conv, self.features, 3, padding=1, dtype=self.dtype)
        x = nn.relu(conv()(x))
        for _ in range(self.blocks):
            x = nn.relu(x + conv()(nn.relu(conv()(x))))
        return jnp.tanh(core.at_least_float32(_conv(self.channels, 1, dtype=self.dtype)(x)))


class SimGANDiscriminator(nn.Module):
    """Maps images to one logit for each patch, `[n, h, w, any] -> [n, h / 4, w / 4, 1]`.

    A logit is the difference of the two outputs of the paper's softmax.

    Attributes:
      dtype: of the computation; parameters are float32.
    """

    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array) -> Array:
        conv = partial(_conv, dtype=self.dtype)
        x = nn.relu(conv(96, 3, 2, 1)(x))
        x = nn.relu(conv(64, 3, 2, 1)(x))
        x = nn.max_pool(x, (3, 3), padding="SAME")
        x = nn.relu(conv(32, 3, 1, 1)(x))
        x = nn.relu(conv(32, 1)(x))
        x = core.at_least_float32(conv(2, 1)(x))
        return x[..., 1:] - x[..., :1]

"""ALI's networks for CIFAR-10 (Dumoulin et al. 2017, arXiv:1606.00704, table 3).

Layers, biases, dropout and initialisation are the authors' (IshmaelBelghazi/ALI on GitHub,
`experiments/ali_cifar10.py`), in which maxout leaves half of the channels that the table names.
They start the last bias of the generator at the log odds of the mean training image, which
`ALIGenerator(bias_init=data.LogOdds(source))` does here. For CIFAR-10 these are near 0.
"""

import dataclasses
from functools import partial
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import Conv, ConvTranspose, DType

_init = nn.initializers.normal(0.01)
# Channels in multiples of the first layer's, kernel and stride, from 32 pixels to one.
_LAYERS = ((1, 5, 1), (2, 4, 2), (4, 4, 1), (8, 4, 2), (16, 4, 1))


class ALIEncoder(nn.Module):
    """Maps images `[n, 32, 32, any]` to means and log stds, `[n, 2 size]`, for `GaussianEncoder`.

    Attributes:
      size: of a code.
      features: channels of the first layer.
      dtype: of the computation; parameters are float32.
    """

    size: int = 64
    features: int = 32
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        _require_32(x)
        for multiple, kernel, stride in (*_LAYERS, (16, 1, 1)):
            width = multiple * self.features
            x = Conv(width, kernel, stride, dtype=self.dtype, kernel_init=_init)(x)
            x = _norm_and_leak(x, train, self.dtype)
        x = Conv(2 * self.size, 1, use_bias=True, dtype=self.dtype, kernel_init=_init)(x)
        return core.at_least_float32(x.reshape(x.shape[0], -1))


class ALIGenerator(nn.Module):
    """Maps codes `[n, size]` to images `[n, 32, 32, channels]` in [-1, 1].

    Each pixel has a bias of its own.

    Attributes:
      channels: of an image.
      features: channels of the last layers; the first one has 8 times as many.
      dtype: of the computation; parameters are float32.
      bias_init: makes the biases of the pixels, such as `data.LogOdds`; None for 0. Where images
        are far from grey, as digits on black are, the discriminator wins at once against 0.
    """

    channels: int = 3
    features: int = 32
    dtype: DType = "float32"
    bias_init: Any = dataclasses.field(default=None, metadata={"later": True})

    @nn.compact
    def __call__(self, z: Array, train: bool = False) -> Array:
        x = z[:, None, None, :]
        for multiple, kernel, stride in (
            (8, 4, 1),
            (4, 4, 2),
            (2, 4, 1),
            (1, 4, 2),
            (1, 5, 1),
            (1, 1, 1),
        ):
            width = multiple * self.features
            x = ConvTranspose(width, kernel, stride, dtype=self.dtype, kernel_init=_init)(x)
            x = _norm_and_leak(x, train, self.dtype)
        x = core.at_least_float32(Conv(self.channels, 1, dtype=self.dtype, kernel_init=_init)(x))
        x += self.param("bias", self.bias_init or nn.initializers.zeros, x.shape[1:])
        return jnp.tanh(x / 2)  # 2 sigmoid(x) - 1


class ALIDiscriminator(nn.Module):
    """Maps images and codes to logits, `[n, 32, 32, any], [n, size] -> [n]`, by maxout of two.

    The image and the code have layers of their own before they meet. Dropout, before each layer,
    has the rate 0.2 on both inputs and 0.5 elsewhere.

    Attributes:
      features: channels of the image's first layer before maxout.
      dtype: of the computation; parameters are float32.
    """

    features: int = 32
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, z: Array, train: bool = False) -> Array:
        _require_32(x)
        dropped = lambda rate: nn.Dropout(rate, deterministic=not train)
        conv = partial(Conv, dtype=self.dtype, kernel_init=_init)
        for index, (multiple, kernel, stride) in enumerate(_LAYERS):
            x = dropped(0.5 if index else 0.2)(x)
            x = conv(multiple * self.features, kernel, stride, use_bias=index == 0)(x)
            x = _maxout(x)
        z = z[:, None, None, :]
        for rate in (0.2, 0.5):
            z = _maxout(conv(16 * self.features, 1)(dropped(rate)(z)))
        both = jnp.concatenate((x, z.astype(x.dtype)), axis=-1)
        for _ in range(2):
            both = _maxout(conv(32 * self.features, 1, use_bias=True)(dropped(0.5)(both)))
        logits = conv(1, 1, use_bias=True)(dropped(0.5)(both))
        return core.at_least_float32(logits.reshape(-1))


def _require_32(x: Array) -> None:
    if x.shape[1:3] != (32, 32):
        raise ValueError(
            f"ALI's networks take images of 32x32, not {x.shape[1]}x{x.shape[2]}: resize the data"
        )


def _norm_and_leak(x: Array, train: bool, dtype: DType) -> Array:
    """Applies batch norm of the calling compact module, and a leaky ReLU of slope 0.1."""
    norm = nn.BatchNorm(not train, momentum=0.95, epsilon=1e-4, dtype=dtype)
    return nn.leaky_relu(norm(x), 0.1)


def _maxout(x: Array) -> Array:
    """Takes the larger of each two channels."""
    return x.reshape(*x.shape[:-1], -1, 2).max(axis=-1)

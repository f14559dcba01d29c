"""Residual networks for 32x32 images, as in the CIFAR-10 experiments of WGAN-GP (1704.00028)."""

from functools import partial
from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import Conv, DType, Norm, double, normalize

_he = nn.initializers.he_uniform()
_glorot = nn.initializers.glorot_uniform()


def _halve(x: Array) -> Array:
    return nn.avg_pool(x, (2, 2), (2, 2))


class ResidualBlock(nn.Module):
    """Adds a 1x1 shortcut of x to two convolutions of it, and doubles or halves the side.

    Each of the two 3x3 convolutions comes after a norm and ReLU.
    """

    features: int
    resample: Literal["up", "down", "none"] = "none"
    norm: Norm = "none"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        conv = partial(Conv, self.features, use_bias=True, dtype=self.dtype)
        up, down = self.resample == "up", self.resample == "down"
        y = nn.relu(normalize(x, self.norm, train, self.dtype))
        y = conv(3, padding=1, kernel_init=_he)(double(y) if up else y)
        y = nn.relu(normalize(y, self.norm, train, self.dtype))
        y = conv(3, padding=1, kernel_init=_he)(y)
        y = _halve(y) if down else y
        if self.resample != "none" or x.shape[-1] != self.features:
            # A 1x1 convolution gives the same before and after resampling; small sides are cheaper.
            x = conv(1, kernel_init=_glorot)(_halve(x) if down else x)
            x = double(x) if up else x
        return x + y


class ResidualGenerator32(nn.Module):
    """Maps noise to images by three blocks, `[n, size] -> [n, 32, 32, channels]` in [-1, 1].

    Attributes:
      channels: of the images.
      features: channels of each block.
      norm: of the blocks, and before the last convolution.
      dtype: of the computation; parameters are float32.
    """

    channels: int = 3
    features: int = 128
    norm: Norm = "batch"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, z: Array, train: bool = False) -> Array:
        x = nn.Dense(16 * self.features, dtype=self.dtype, kernel_init=_glorot)(z)
        x = x.reshape(-1, 4, 4, self.features)
        for _ in range(3):
            x = ResidualBlock(self.features, "up", self.norm, self.dtype)(x, train)
        x = nn.relu(normalize(x, self.norm, train, self.dtype))
        x = Conv(self.channels, 3, padding=1, use_bias=True, dtype=self.dtype, kernel_init=_he)(x)
        return jnp.tanh(core.at_least_float32(x))


class ResidualCritic32(nn.Module):
    """Maps images to logits, `[n, 32, 32, channels] -> [n]`, by four blocks and mean pooling.

    The blocks have no norm.

    Attributes:
      features: channels of each block.
      dtype: of the computation; parameters are float32.
    """

    features: int = 128
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array) -> Array:
        conv = partial(Conv, self.features, use_bias=True, dtype=self.dtype)
        y = nn.relu(conv(3, padding=1, kernel_init=_he)(x))
        y = _halve(conv(3, padding=1, kernel_init=_he)(y))
        x = y + conv(1, kernel_init=_glorot)(_halve(x))
        for resample in ("down", "none", "none"):
            x = ResidualBlock(self.features, resample, dtype=self.dtype)(x)
        x = nn.relu(x).mean(axis=(1, 2))
        return nn.Dense(1, dtype=self.dtype, kernel_init=_glorot)(x)[:, 0]

"""The image transformation network of Johnson et al. 2016 (arXiv:1603.08155)."""

from functools import partial
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks import layers
from gans_jax.networks.layers import Conv, ConvTranspose, DType, Norm


class StyleNetwork(nn.Module):
    """Maps images to images, `[n, h, w, any] -> [n, h, w, channels]` in [-1, 1].

    The layers are c9s1-32, d64, d128, five residual blocks, u64, u32 and c9s1-3, as in the authors'
    code (jcjohnson/fast-neural-style on GitHub, `train.lua` and `models.lua`). The image is
    reflected at its borders once, at the start, and the residual blocks, which have no padding,
    shrink it back. Height and width are multiples of 4, larger than 8 times the blocks.

    Attributes:
      channels: of the output.
      features: channels of the first layer; the residual blocks have four times as many.
      blocks: residual blocks.
      norm: of all layers but the last. The paper has batch norm, the authors' code instance norm.
      dtype: of the computation; parameters are float32.
    """

    channels: int = 3
    features: int = 32
    blocks: int = 5
    norm: Norm = "instance"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        layers.require_multiple(x, 4, 8 * self.blocks + 4)
        width, use_bias = self.features, not layers.has_offset(self.norm)
        settings: dict[str, Any] = {"use_bias": use_bias, "dtype": self.dtype}
        norm = partial(layers.normalize, norm=self.norm, train=train, dtype=self.dtype)
        x = layers.reflect(x, 8 * self.blocks)
        x = nn.relu(norm(Conv(width, 9, 1, 4, **settings)(x)))
        x = nn.relu(norm(Conv(2 * width, 3, 2, 1, **settings)(x)))
        x = nn.relu(norm(Conv(4 * width, 3, 2, 1, **settings)(x)))
        for _ in range(self.blocks):
            y = nn.relu(norm(Conv(4 * width, 3, **settings)(x)))
            y = norm(Conv(4 * width, 3, **settings)(y))
            x = x[:, 2:-2, 2:-2] + y
        x = nn.relu(norm(ConvTranspose(2 * width, 3, 2, 1, output_padding=1, **settings)(x)))
        x = nn.relu(norm(ConvTranspose(width, 3, 2, 1, output_padding=1, **settings)(x)))
        x = Conv(self.channels, 9, 1, 4, use_bias=True, dtype=self.dtype)(x)
        return jnp.tanh(core.at_least_float32(x))

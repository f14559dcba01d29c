"""The residual generator of CycleGAN (Zhu et al. 2017, arXiv:1703.10593).

It follows Johnson et al. 2016 (arXiv:1603.08155). Its three parts are methods, so that a subclass
can consist of some of them.
"""

import dataclasses
from functools import partial
from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks import layers
from gans_jax.networks.layers import DType, Norm, Upsample

Borders = Literal["zeros", "reflected"]


class ResNetBlock(nn.Module):
    """Adds to x two 3x3 convolutions of it, each with reflected borders and a norm.

    A ReLU stands between the two convolutions, none after the sum.
    """

    norm: Norm = "instance"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        use_bias = not layers.has_offset(self.norm)
        conv = partial(layers.Conv, x.shape[-1], 3, use_bias=use_bias, dtype=self.dtype)
        y = nn.relu(layers.normalize(conv()(layers.reflect(x, 1)), self.norm, train, self.dtype))
        return x + layers.normalize(conv()(layers.reflect(y, 1)), self.norm, train, self.dtype)


class ResNetGenerator(nn.Module):
    """Maps images to images, `[n, h, w, any] -> [n, h, w, channels]` in [-1, 1].

    Height and width are multiples of 4, at least 8. Geometry, biases and the order of the layers
    are the same as in the authors' PyTorch code.

    Attributes:
      channels: of the output.
      features: channels of the first layer; the residual blocks have four times as many.
      blocks: residual blocks; the paper has 9 for 256 pixels and 6 for 128.
      norm: the norm of all layers but the last.
      upsample: how the decoder doubles: "transpose" for transposed convolutions as in the paper,
        "resize" for repeated pixels and a convolution.
      remat: saves the memory of the blocks' insides for about a third more computation; parameters
        and values stay the same.
      dtype: of the computation; parameters are float32.
      borders: what the strided convolutions see beyond the border: "zeros" as in the paper, or
        "reflected" pixels.
    """

    channels: int = 3
    features: int = 64
    blocks: int = 9
    norm: Norm = "instance"
    upsample: Upsample = "transpose"
    remat: bool = False
    dtype: DType = "float32"
    borders: Borders = dataclasses.field(default="zeros", metadata={"later": True})

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        return self._decode(self._transform(self._encode(x, train), train), train)

    def _encode(self, x: Array, train: bool) -> Array:
        """Applies a 7x7 and two strided 3x3 convolutions of the calling compact module.

        Their shape is `[n, h, w, any] -> [n, h / 4, w / 4, 4 * features]`.
        """
        layers.require_multiple(x, 4, 8)
        use_bias = not layers.has_offset(self.norm)
        x = layers.Conv(self.features, 7, use_bias=use_bias, dtype=self.dtype)(layers.reflect(x, 3))
        x = nn.relu(layers.normalize(x, self.norm, train, self.dtype))
        for width in (2 * self.features, 4 * self.features):
            reflected = self.borders == "reflected"
            x = layers.reflect(x, 1) if reflected else x
            x = layers.Conv(width, 3, 2, 0 if reflected else 1, use_bias, self.dtype)(x)
            x = nn.relu(layers.normalize(x, self.norm, train, self.dtype))
        return x

    def _transform(self, x: Array, train: bool) -> Array:
        """Applies the residual blocks, which keep the shape.

        With `remat` the backward pass computes their insides again instead of keeping them.
        """
        block = nn.remat(ResNetBlock, static_argnums=2) if self.remat else ResNetBlock
        for index in range(self.blocks):
            # Linen would name the blocks differently with remat, and so their parameters.
            x = block(self.norm, self.dtype, name=f"ResNetBlock_{index}")(x, train)
        return x

    def _decode(self, x: Array, train: bool) -> Array:
        """Applies two doublings and a 7x7 convolution of the calling compact module.

        Their shape is `[n, h, w, any] -> [n, 4h, 4w, channels]`.
        """
        use_bias = not layers.has_offset(self.norm)
        for width in (2 * self.features, self.features):
            if self.upsample == "resize":
                x = layers.ResizeConv(width, use_bias, self.dtype)(x)
            else:
                x = layers.ConvTranspose(width, 3, 2, 1, use_bias, self.dtype, output_padding=1)(x)
            x = nn.relu(layers.normalize(x, self.norm, train, self.dtype))
        x = layers.Conv(self.channels, 7, use_bias=True, dtype=self.dtype)(layers.reflect(x, 3))
        return self._output(core.at_least_float32(x))

    def _output(self, x: Array) -> Array:
        return jnp.tanh(x)

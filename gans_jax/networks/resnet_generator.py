"""The residual generator of CycleGAN (Zhu et al. 2017, arXiv:1703.10593).

It follows Johnson et al. 2016 (arXiv:1603.08155). Its three parts are functions for a compact
module, so that other networks can share some of them.
"""

from functools import partial

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax.networks.layers import (
    Conv,
    ConvTranspose,
    DType,
    Norm,
    ResizeConv,
    Upsample,
    at_least_float32,
    has_offset,
    normalize,
    reflect,
    require_multiple,
)


class ResNetBlock(nn.Module):
    """`x` plus 3x3, norm, ReLU, 3x3, norm of it, on reflected borders; no ReLU after the sum."""

    norm: Norm = "instance"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        use_bias = not has_offset(self.norm)
        conv = partial(Conv, x.shape[-1], 3, use_bias=use_bias, dtype=self.dtype)
        y = nn.relu(normalize(conv()(reflect(x, 1)), self.norm, train, self.dtype))
        return x + normalize(conv()(reflect(y, 1)), self.norm, train, self.dtype)


def encode(x: Array, features: int, norm: Norm, train: bool, dtype: DType) -> Array:
    """7x7 and two strided 3x3 convolutions, `[n, h, w, any] -> [n, h / 4, w / 4, 4 * features]`."""
    require_multiple(x, 4, 8)
    use_bias = not has_offset(norm)
    x = Conv(features, 7, use_bias=use_bias, dtype=dtype)(reflect(x, 3))
    x = nn.relu(normalize(x, norm, train, dtype))
    for width in (2 * features, 4 * features):
        x = Conv(width, 3, 2, 1, use_bias, dtype)(x)
        x = nn.relu(normalize(x, norm, train, dtype))
    return x


def transform(x: Array, blocks: int, norm: Norm, train: bool, remat: bool, dtype: DType) -> Array:
    """Residual blocks; with `remat` their insides are computed again in the backward pass."""
    block = nn.remat(ResNetBlock, static_argnums=2) if remat else ResNetBlock
    for index in range(blocks):
        # Named, for a rematerialised class would have parameters under another name.
        x = block(norm, dtype, name=f"ResNetBlock_{index}")(x, train)
    return x


def decode(
    x: Array,
    channels: int,
    features: int,
    norm: Norm,
    upsample: Upsample,
    train: bool,
    dtype: DType,
) -> Array:
    """Two doublings and a 7x7 convolution to `[n, 4h, 4w, channels]`, without activation."""
    use_bias = not has_offset(norm)
    for width in (2 * features, features):
        if upsample == "resize":
            x = ResizeConv(width, use_bias, dtype)(x)
        else:
            x = ConvTranspose(width, 3, 2, 1, 1, use_bias, dtype)(x)
        x = nn.relu(normalize(x, norm, train, dtype))
    x = Conv(channels, 7, use_bias=True, dtype=dtype)(reflect(x, 3))
    return at_least_float32(x)


class ResNetGenerator(nn.Module):
    """Images to images, `[n, h, w, any] -> [n, h, w, channels]` in [-1, 1].

    Height and width are multiples of 4, at least 8. The paper has 9 blocks for 256 pixels and 6 for
    128. Geometry, biases and the order of layers are those of the authors' PyTorch code. `remat`
    trades about a third more computation for the memory of the blocks' insides; parameters and
    values are the same.
    """

    channels: int = 3
    features: int = 64
    blocks: int = 9
    norm: Norm = "instance"
    upsample: Upsample = "transpose"
    remat: bool = False
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        x = encode(x, self.features, self.norm, train, self.dtype)
        x = transform(x, self.blocks, self.norm, train, self.remat, self.dtype)
        x = decode(x, self.channels, self.features, self.norm, self.upsample, train, self.dtype)
        return self._output(x)

    def _output(self, x: Array) -> Array:
        return jnp.tanh(x)

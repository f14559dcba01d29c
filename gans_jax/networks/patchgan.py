"""Discriminators that judge patches: pix2pix's PatchGAN and PixelGAN (1611.07004)."""

import dataclasses

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import (
    Conv,
    CriticNorm,
    DType,
    has_offset,
    leaky_relu,
    normalize,
    run_layer,
)


class PatchGANDiscriminator(nn.Module):
    """Maps images to one logit for each patch, `[n, h, w, any] -> [n, h', w', 1]`.

    Sides are at least 3 * 2**`layers`, and h' is h // 2**`layers` - 2. Conditions are concatenated
    to the images as further channels. With `average` there is one logit for each image, `[n, 1]`.

    Attributes:
      features: channels of the first layer, which has no norm; the others have 2, 4, 8, 8, ...
        times as many.
      layers: strided convolutions. For 1 to 5 of them, patches have sides of 16, 34, 70, 142 and
        286 pixels. The papers have 3 layers, whose patches are 8 pixels apart.
      norm: the norm of the layers between the first and the last; "spectral" is spectral norm of
        all layers.
      dtype: of the computation; parameters are float32.
      last_padding: the zeros around the inputs of the last two convolutions; with 3 instead of 1
        there are more patches, most of which reach beyond the border: h' is h // 2**`layers` + 6.
      average: whether the logits are averaged over the image, before any loss.

    Raises:
      ValueError: if `layers` is less than 1, or the images are too small for one logit.
    """

    features: int = 64
    layers: int = 3
    norm: CriticNorm = "batch"
    dtype: DType = "float32"
    last_padding: int = dataclasses.field(default=1, metadata={"later": True})
    average: bool = dataclasses.field(default=False, metadata={"later": True})

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        self._check(x)
        use_bias = not has_offset(self.norm)
        for layer in range(self.layers + 1):
            width, stride = self.features * min(2**layer, 8), 2 if layer < self.layers else 1
            padding = 1 if layer < self.layers else self.last_padding
            convolution = Conv(width, 4, stride, padding, use_bias or layer == 0, self.dtype)
            x = run_layer(convolution, x, self.norm, train)
            x = leaky_relu(normalize(x, self.norm, train, self.dtype) if layer else x)
        self.sow("intermediates", "features", x)
        last = Conv(1, 4, 1, self.last_padding, use_bias=True, dtype=self.dtype)
        x = run_layer(last, x, self.norm, train)
        return jnp.mean(core.at_least_float32(x), axis=(1, 2)) if self.average else x

    def _check(self, x: Array) -> None:
        if self.layers < 1:
            raise ValueError(
                f"a PatchGAN needs 1 strided layer or more, not {self.layers}: "
                "use PixelGANDiscriminator for patches of one pixel"
            )
        smallest = 3 * 2**self.layers
        if min(x.shape[1:3]) < smallest:
            raise ValueError(
                f"a PatchGAN with {self.layers} strided layers needs images of {smallest}x"
                f"{smallest} or more, not {x.shape[1]}x{x.shape[2]}: reduce layers"
            )


class PixelGANDiscriminator(nn.Module):
    """Maps images to one logit for each pixel, `[n, h, w, any] -> [n, h, w, 1]`.

    It has three 1x1 convolutions.

    Attributes:
      features: channels of the first hidden layer.
      norm: the norm of the hidden layers.
      dtype: of the computation; parameters are float32.
    """

    features: int = 64
    norm: CriticNorm = "batch"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        use_bias = not has_offset(self.norm)
        first = Conv(self.features, 1, use_bias=True, dtype=self.dtype)
        x = leaky_relu(run_layer(first, x, self.norm, train))
        second = Conv(2 * self.features, 1, use_bias=use_bias, dtype=self.dtype)
        x = run_layer(second, x, self.norm, train)
        x = leaky_relu(normalize(x, self.norm, train, self.dtype))
        last = Conv(1, 1, use_bias=use_bias, dtype=self.dtype)
        return run_layer(last, x, self.norm, train)

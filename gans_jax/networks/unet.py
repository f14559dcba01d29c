"""The U-Net of pix2pix (Isola et al. 2017, arXiv:1611.07004)."""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks import layers
from gans_jax.networks.layers import DType, Norm, Upsample


class UNetGenerator(nn.Module):
    """Maps images to images, `[n, h, w, any] -> [n, h, w, channels]` in [-1, 1].

    An image of `size` pixels is halved down to one pixel and doubled again; sides may be any
    multiples of `size`. Geometry, biases and the order of the layers are the same as in the
    authors' PyTorch code. The first and the last convolution of the encoder have no norm, because
    instance norm would set a single pixel to 0.

    Dropout is pix2pix's noise. As in the authors' PyTorch code it follows the decoder blocks
    between layers of 8 * `features`, but not the innermost block: three blocks at size 256, two at
    128, one at 64. (Their Lua code has it after the three innermost blocks.) Below 64 pixels that
    rule leaves no block, and dropout follows the inner half of the decoder's blocks, the innermost
    one included: two blocks at 32 and 16 pixels, one at 8 and 4. It is drawn whenever a "dropout"
    key is given; without a key the output is deterministic. `train` selects the statistics of batch
    norm alone.

    Attributes:
      size: the smallest side of an image, a power of two.
      channels: of the output.
      features: channels of the first layer; the next have 2, 4, 8, 8, ... times as many.
      norm: the norm of the layers between.
      dropout: its rate.
      skip: whether each decoder block sees the encoder's features of its size beside its own; False
        is the paper's encoder-decoder.
      upsample: how the decoder doubles: "transpose" for transposed convolutions as in the paper,
        "resize" for repeated pixels and a convolution.
      dtype: of the computation; parameters are float32.

    Raises:
      ValueError: if `size` is not 4, 8, 16, ..., or a side of the images is not a multiple of it.
    """

    size: int = 256
    channels: int = 3
    features: int = 64
    norm: Norm = "batch"
    dropout: float = 0.5
    skip: bool = True
    upsample: Upsample = "transpose"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        if self.size < 4 or self.size & (self.size - 1):
            raise ValueError(f"a U-Net cannot have size {self.size}: choose 4, 8, 16, ...")
        layers.require_multiple(x, self.size, self.size)
        encoded = self._encode(x, train)
        x = encoded.pop()
        for layer in range(len(encoded), 0, -1):
            x = self._double(x, encoded[-1].shape[-1], not layers.has_offset(self.norm))
            x = layers.normalize(x, self.norm, train, self.dtype)
            if self._drops(layer):
                x = nn.Dropout(self.dropout, deterministic=not self.has_rng("dropout"))(x)
            features = encoded.pop()
            x = jnp.concatenate([features, x], axis=-1) if self.skip else x
        return jnp.tanh(core.at_least_float32(self._double(x, self.channels, use_bias=True)))

    def _drops(self, layer: int) -> bool:
        """Returns whether dropout follows a decoder block: 1 is the outermost, `last` the first."""
        last = self.size.bit_length() - 2
        return 4 <= layer < last if self.size >= 64 else layer > last // 2

    def _encode(self, x: Array, train: bool) -> list[Array]:
        """Returns the encoder's features of every size, the largest first."""
        last = self.size.bit_length() - 2
        encoded = []
        for layer in range(last + 1):
            width, use_bias = self.features * min(2**layer, 8), not layers.has_offset(self.norm)
            x = layers.leaky_relu(x) if layer else x
            x = layers.Conv(width, 4, 2, 1, use_bias, self.dtype)(x)
            if 0 < layer < last:
                x = layers.normalize(x, self.norm, train, self.dtype)
            encoded.append(x)
        return encoded

    def _double(self, x: Array, width: int, use_bias: bool) -> Array:
        x = nn.relu(x)
        if self.upsample == "resize":
            return layers.ResizeConv(width, use_bias, self.dtype)(x)
        return layers.ConvTranspose(width, 4, 2, 1, use_bias=use_bias, dtype=self.dtype)(x)

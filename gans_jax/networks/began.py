"""The networks of BEGAN (Berthelot et al. 2017, arXiv:1703.10717), figure 1."""

import flax.linen as nn
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import Conv, DType, double

START = 8
_init = nn.initializers.xavier_uniform()


def _doublings(size: int) -> int:
    """Returns how often a side of 8 is doubled to reach `size`."""
    doublings = (size // START).bit_length() - 1
    if doublings < 1 or START << doublings != size:
        raise ValueError(
            f"a BEGAN cannot make images of size {size}: choose 16, 32, 64, 128 or 256, which are "
            f"doublings of a side of {START}"
        )
    return doublings


def _conv(x: Array, width: int, dtype: DType, stride: int = 1) -> Array:
    return Conv(width, 3, stride, 1, use_bias=True, dtype=dtype, kernel_init=_init)(x)


class BEGANGenerator(nn.Module):
    """Maps noise to images, `[n, size of z] -> [n, size, size, channels]`; also BEGAN's decoder.

    At each size from 8 pixels on there are two 3x3 convolutions of `features` channels with ELU,
    and repeating pixels doubles the size. Neither the dense layer before them nor the convolution
    after them has a nonlinearity, so that values may lie a little outside [-1, 1].

    Attributes:
      size: the side of the images, a power of two from 8 on.
      channels: of the images.
      features: channels of each convolution.
      dtype: of the computation; parameters are float32.
    """

    size: int = 32
    channels: int = 3
    features: int = 128
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, z: Array) -> Array:
        x = nn.Dense(START * START * self.features, dtype=self.dtype, kernel_init=_init)(z)
        x = x.reshape(-1, START, START, self.features)
        for stage in range(_doublings(self.size) + 1):
            x = double(x) if stage else x
            for _ in range(2):
                x = nn.elu(_conv(x, self.features, self.dtype))
        return core.at_least_float32(_conv(x, self.channels, self.dtype))


class BEGANEncoder(nn.Module):
    """Maps images to codes, `[n, size, size, channels] -> [n, code]`.

    At each size down to 8 pixels there are two 3x3 convolutions with ELU, and a strided convolution
    halves the size. They have 1, 2, 3, ... times `features` channels.

    Attributes:
      code: how many numbers the code has.
      features: channels of each convolution before the first halving of the side.
      dtype: of the computation; parameters are float32.
    """

    code: int = 64
    features: int = 128
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array) -> Array:
        doublings = _doublings(x.shape[1])
        x = nn.elu(_conv(x, self.features, self.dtype))
        for stage in range(doublings + 1):
            width = self.features * (stage + 1)
            for _ in range(2):
                x = nn.elu(_conv(x, width, self.dtype))
            x = nn.elu(_conv(x, width, self.dtype, stride=2)) if stage < doublings else x
        x = x.reshape(x.shape[0], -1)
        return nn.Dense(self.code, dtype=self.dtype, kernel_init=_init)(x)


class BEGANDiscriminator(nn.Module):
    """An auto-encoder that maps images `[n, size, size, channels]` to their reconstructions.

    Its encoder is a `BEGANEncoder`, its decoder a `BEGANGenerator`. `code` is the size of the code
    between them, which in the paper equals the size of the noise z.

    Attributes:
      code: how many numbers the code has.
      features: channels of each layer before the first halving of the side.
      dtype: of the computation; parameters are float32.
    """

    code: int = 64
    features: int = 128
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array) -> Array:
        size, channels = x.shape[1], x.shape[-1]
        code = BEGANEncoder(self.code, self.features, self.dtype)(x)
        decoder = BEGANGenerator(size, channels, self.features, self.dtype)
        return decoder(code)

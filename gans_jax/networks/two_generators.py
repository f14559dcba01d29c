"""Both directions between two domains in one module: methods `a_to_b` and `b_to_a`."""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax.networks.layers import DType, Norm, Upsample, run_part
from gans_jax.networks.resnet_generator import decode, encode, transform


class TwoGenerators(nn.Module):
    """Two generators with parameters of their own, also if the same module is given twice.

    They take and return images `[n, h, w, channels]`; `train` reaches a generator only if its
    `__call__` names such a parameter. Calling the module translates `a` and `b` at once, and
    initialises all; `method="a_to_b"` and `method="b_to_a"` of `apply` translate one.
    """

    generator_ab: nn.Module
    generator_ba: nn.Module

    def setup(self) -> None:
        # Linen would have a module that is in both fields, or a part of it, hold one set.
        self.ab = self.generator_ab.copy(parent=None)
        self.ba = self.generator_ba.copy(parent=None)

    def __call__(self, a: Array, b: Array, train: bool = False) -> tuple[Array, Array]:
        return self.a_to_b(a, train), self.b_to_a(b, train)

    def a_to_b(self, x: Array, train: bool = False) -> Array:
        return run_part(self.ab, x, train)

    def b_to_a(self, x: Array, train: bool = False) -> Array:
        return run_part(self.ba, x, train)


class SharedEncoderTranslator(nn.Module):
    """CycleGAN's two generators with one encoder: `[n, h, w, any] -> [n, h, w, channels]`.

    The encoder, half of a `ResNetGenerator` up to its third residual block, is shared; each domain
    has a decoder with three more blocks and the upsampling. Calling the module translates `a` and
    `b` at once, and initialises all.
    """

    channels: int = 3
    features: int = 64
    encoder_blocks: int = 3
    decoder_blocks: int = 3
    norm: Norm = "instance"
    upsample: Upsample = "transpose"
    remat: bool = False
    dtype: DType = "float32"

    def setup(self) -> None:
        options = {"norm": self.norm, "remat": self.remat, "dtype": self.dtype}
        self.encoder = _Encoder(self.features, self.encoder_blocks, **options)
        decoder = (self.channels, self.features, self.decoder_blocks, self.upsample)
        self.decoder_a = _Decoder(*decoder, **options)
        self.decoder_b = _Decoder(*decoder, **options)

    def __call__(self, a: Array, b: Array, train: bool = False) -> tuple[Array, Array]:
        return self.a_to_b(a, train), self.b_to_a(b, train)

    def a_to_b(self, x: Array, train: bool = False) -> Array:
        return self.decoder_b(self.encoder(x, train), train)

    def b_to_a(self, x: Array, train: bool = False) -> Array:
        return self.decoder_a(self.encoder(x, train), train)


class _Encoder(nn.Module):
    features: int
    blocks: int
    norm: Norm
    remat: bool
    dtype: DType

    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        x = encode(x, self.features, self.norm, train, self.dtype)
        return transform(x, self.blocks, self.norm, train, self.remat, self.dtype)


class _Decoder(nn.Module):
    channels: int
    features: int
    blocks: int
    upsample: Upsample
    norm: Norm
    remat: bool
    dtype: DType

    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        x = transform(x, self.blocks, self.norm, train, self.remat, self.dtype)
        x = decode(x, self.channels, self.features, self.norm, self.upsample, train, self.dtype)
        return jnp.tanh(x)

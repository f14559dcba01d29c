"""Modules that translate in both directions between two domains, by `a_to_b` and `b_to_a`."""

import dataclasses

import flax.linen as nn
from jax import Array

from gans_jax.networks.layers import DType, Norm, Upsample, run_part
from gans_jax.networks.resnet_generator import Borders, ResNetGenerator


class TwoGenerators(nn.Module):
    """Two generators with parameters of their own, also if the same module is given twice.

    They map images `[n, h, w, channels]` to images. A generator gets `train` only if its `__call__`
    has a parameter of that name. Calling the module translates `a` and `b` at once, and creates all
    parameters; `method="a_to_b"` or `method="b_to_a"` of `apply` translates in one direction.

    Attributes:
      generator_ab: maps images of `a` to images of `b`.
      generator_ba: maps images of `b` to images of `a`.
    """

    generator_ab: nn.Module
    generator_ba: nn.Module

    def setup(self) -> None:
        # Linen would share parameters where both fields hold one module, or parts of one.
        self.ab = self.generator_ab.copy(parent=None)
        self.ba = self.generator_ba.copy(parent=None)

    def __call__(self, a: Array, b: Array, train: bool = False) -> tuple[Array, Array]:
        return self.a_to_b(a, train), self.b_to_a(b, train)

    def a_to_b(self, x: Array, train: bool = False) -> Array:
        return run_part(self.ab, x, train)

    def b_to_a(self, x: Array, train: bool = False) -> Array:
        return run_part(self.ba, x, train)


class SharedEncoderTranslator(nn.Module):
    """CycleGAN's two generators with one encoder, `[n, h, w, any] -> [n, h, w, channels]`.

    The shared encoder is the first half of a `ResNetGenerator`, up to its third residual block.
    Each domain has a decoder with three more blocks and the upsampling. Calling the module
    translates `a` and `b` at once, and creates all parameters.

    The students' report that proposes it compares generators of 64 features with
    `SharedEncoderTranslator(features=32, borders="reflected")`, half as wide (its public code,
    Evil-Incorporated/basic-gans).

    Attributes:
      channels: of the translations.
      features: channels of the first layer; each halving of the side doubles them.
      encoder_blocks: residual blocks of the encoder.
      decoder_blocks: residual blocks of each decoder.
      norm: after each convolution but the last.
      upsample: how a decoder doubles the side, as in `ResNetGenerator`.
      remat: whether residual blocks are computed again in the gradient, which saves memory.
      dtype: of the computation; parameters are float32.
      borders: what lies around the images, as in `ResNetGenerator`.
    """

    channels: int = 3
    features: int = 64
    encoder_blocks: int = 3
    decoder_blocks: int = 3
    norm: Norm = "instance"
    upsample: Upsample = "transpose"
    remat: bool = False
    dtype: DType = "float32"
    borders: Borders = dataclasses.field(default="zeros", metadata={"later": True})

    def setup(self) -> None:
        self.encoder = self._part(_Encoder, self.encoder_blocks)
        self.decoder_a = self._part(_Decoder, self.decoder_blocks)
        self.decoder_b = self._part(_Decoder, self.decoder_blocks)

    def _part(self, part: type[ResNetGenerator], blocks: int) -> ResNetGenerator:
        form = self.norm, self.upsample, self.remat, self.dtype, self.borders
        return part(self.channels, self.features, blocks, *form)

    def __call__(self, a: Array, b: Array, train: bool = False) -> tuple[Array, Array]:
        return self.a_to_b(a, train), self.b_to_a(b, train)

    def a_to_b(self, x: Array, train: bool = False) -> Array:
        return self.decoder_b(self.encoder(x, train), train)

    def b_to_a(self, x: Array, train: bool = False) -> Array:
        return self.decoder_a(self.encoder(x, train), train)

    @property
    def encodes_once(self) -> bool:
        """Whether one encoding can stand for two, which batch norm would count in its averages."""
        return self.norm != "batch"

    def to_both(self, x: Array, train: bool = False) -> tuple[Array, Array]:
        """Returns images of either domain translated to a and to b, from one encoding."""
        code = self.encoder(x, train)
        return self.decoder_a(code, train), self.decoder_b(code, train)


class _Encoder(ResNetGenerator):
    """The first part of a `ResNetGenerator`, with `blocks` of its residual blocks."""

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        return self._transform(self._encode(x, train), train)


class _Decoder(ResNetGenerator):
    """The last part of a `ResNetGenerator`, with `blocks` of its residual blocks."""

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        return self._decode(self._transform(x, train), train)

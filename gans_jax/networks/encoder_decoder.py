"""An encoder and a decoder in one module."""

import flax.linen as nn
from jax import Array

from gans_jax.networks.layers import run_part


class EncoderDecoder(nn.Module):
    """Maps examples to codes by `encode` and codes to examples by `decode`; calling it does both.

    A part gets `train` only if its `__call__` has a parameter of that name.

    Attributes:
      encoder: maps examples `[n, ...]` to codes `[n, size]`.
      decoder: maps codes `[n, size]` to examples `[n, ...]`.
    """

    encoder: nn.Module
    decoder: nn.Module

    def __call__(self, x: Array, train: bool = False) -> Array:
        """Returns reconstructions of examples `[n, ...]`."""
        return self.decode(self.encode(x, train), train)

    def encode(self, x: Array, train: bool = False) -> Array:
        """Returns the codes `[n, size]` of examples `[n, ...]`."""
        return run_part(self.encoder, x, train)

    def decode(self, z: Array, train: bool = False) -> Array:
        """Returns examples `[n, ...]` from codes `[n, size]`."""
        return run_part(self.decoder, z, train)

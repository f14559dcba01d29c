"""An encoder and a decoder in one module."""

import flax.linen as nn
from jax import Array

from gans_jax.networks.layers import run_part


class EncoderDecoder(nn.Module):
    """Examples to codes and back, by the methods `encode` and `decode`; calling it does both.

    `train` reaches a part only if its `__call__` names such a parameter.
    """

    encoder: nn.Module
    decoder: nn.Module

    def __call__(self, x: Array, train: bool = False) -> Array:
        """Reconstructions `[n, ...]`."""
        return self.decode(self.encode(x, train), train)

    def encode(self, x: Array, train: bool = False) -> Array:
        """Codes `[n, size]`."""
        return run_part(self.encoder, x, train)

    def decode(self, z: Array, train: bool = False) -> Array:
        """Examples `[n, ...]` from codes."""
        return run_part(self.decoder, z, train)

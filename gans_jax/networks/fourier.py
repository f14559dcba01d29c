"""Fourier features."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array


class FourierFeatures(nn.Module):
    """A network that also sees sines and cosines of its input (Tancik et al. 2020, 2006.10739).

    Fully connected networks learn what changes quickly late or never; of these features they learn
    it at once. The `size` frequencies, in radians per unit of the input, are fixed normal draws of
    standard deviation `std`: about the inverse of the smallest distance that is to matter.
    """

    network: nn.Module
    size: int = 64
    std: float = 1.0

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        x = x.reshape(x.shape[0], -1)
        frequencies = self.std * jax.random.normal(jax.random.key(0), (x.shape[1], self.size))
        phase = x @ frequencies
        x = jnp.concatenate((x, jnp.sin(phase), jnp.cos(phase)), axis=1)
        return self.network(x, train=train)

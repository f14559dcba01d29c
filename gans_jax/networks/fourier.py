"""Fourier features."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array


class FourierFeatures(nn.Module):
    """A network that also sees sines and cosines of its input (Tancik et al. 2020, 2006.10739).

    Fully connected networks learn what changes quickly late or never; from these features they
    learn it sooner, the quicker the larger `std` is. The `size` frequencies, in radians per unit of
    the input, are fixed normal draws of standard deviation `std`.
    """

    network: nn.Module
    size: int = 64
    std: float = 1.0

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        x = x.reshape(x.shape[0], -1)
        key = jax.random.key(0, impl="threefry2x32")  # the same wherever a checkpoint is read
        frequencies = jax.random.normal(key, (x.shape[1], self.size), "float32")
        phase = x @ (self.std * frequencies)
        x = jnp.concatenate((x, jnp.sin(phase), jnp.cos(phase)), axis=1)
        return self.network(x, train=train)

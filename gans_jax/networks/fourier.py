"""Fourier features."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from gans_jax.networks.layers import run_part


class FourierFeatures(nn.Module):
    """A network that also sees sines and cosines of its input (Tancik et al. 2020, 2006.10739).

    Fully connected networks learn functions that change quickly late or never. From sines and
    cosines they learn them sooner, the sooner the larger `std` is.

    Attributes:
      network: the network that gets the flattened input, then the sines, then the cosines.
      size: the number of frequencies, which are fixed normal draws.
      std: their standard deviation, in radians per unit of the input.
    """

    network: nn.Module
    size: int = 64
    std: float = 1.0

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        x = x.reshape(x.shape[0], -1)
        # The same draws wherever a checkpoint is read, whatever jax's default generator is.
        key = jax.random.key(0, impl="threefry2x32")
        frequencies = jax.random.normal(key, (x.shape[1], self.size), "float32")
        phase = x @ (self.std * frequencies)
        x = jnp.concatenate((x, jnp.sin(phase), jnp.cos(phase)), axis=1)
        return run_part(self.network, x, train)

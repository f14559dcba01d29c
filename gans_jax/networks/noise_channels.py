"""Noise z beside the images that a generator translates."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import run_part


class NoiseChannels(nn.Module):
    """Makes images G(x, z) of images x, `[n, h, w, any] -> [n, h, w, c]`, by a generator G of both.

    The noise z has `channels` channels, which stand beside the channels of x. Without a given z it
    is standard normal, drawn for each pixel and for each example of the global batch, whenever a
    "dropout" key is given; without a key it is 0. It is not the same in all pixels, because a
    generator whose first norm is instance norm would take such a z away.

    pix2pix found that a generator learns to ignore Gaussian noise, and has dropout instead (Isola
    et al. 2017, arXiv:1611.07004, section 3.1).

    Attributes:
      generator: any network that maps images to images.
      channels: of z.
    """

    generator: nn.Module
    channels: int = 8

    @nn.compact
    def __call__(self, x: Array, z: Array | None = None, train: bool = False) -> Array:
        """Returns translations of x; `z` is `[n, h, w, channels]`, or None for a draw.

        Raises:
          ValueError: if `z` has another shape.
        """
        z = self._draw(x) if z is None else z
        if z.shape != (*x.shape[:-1], self.channels):
            raise ValueError(
                f"the noise z of images {x.shape} has the shape {z.shape}: give "
                f"{(*x.shape[:-1], self.channels)}"
            )
        return run_part(self.generator, jnp.concatenate((x, z), axis=-1), train)

    def _draw(self, x: Array) -> Array:
        shape = (*x.shape[1:-1], self.channels)
        if not self.has_rng("dropout"):
            return jnp.zeros((x.shape[0], *shape), x.dtype)
        keys = core.example_keys(self.make_rng("dropout"), x.shape[0])
        return jax.vmap(lambda key: jax.random.normal(key, shape, x.dtype))(keys)


def has_noise_channels(network: nn.Module) -> bool:
    """Returns whether a network is one of `NoiseChannels`, or holds one in its fields."""
    if isinstance(network, NoiseChannels):
        return True
    fields = [getattr(network, f.name) for f in dataclasses.fields(network) if f.name != "parent"]
    return any(has_noise_channels(part) for part in fields if isinstance(part, nn.Module))

"""Pictures of what a method generates."""

import chex
import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import core
from gans_jax.data.source import Source, gather
from gans_jax.pictures.grids import grid
from gans_jax.pictures.points import points


def draw(generated: chex.Array, source: Source) -> np.ndarray:
    """Draws the picture that fits generated examples: images `[n, h, w, c]`, or points `[n, d]`.

    Points are shown over as many real ones, the first in the source.
    """
    generated = np.asarray(generated)
    if generated.ndim == 4:
        return grid(generated)
    first = np.arange(min(len(generated), len(source)))
    return points(generated, gather(source, first)["image"])


def between(
    method: core.Sampler, state: core.State, key: jax.Array, rows: int, steps: int
) -> np.ndarray:
    """Generates examples `[rows * steps, ...]` along straight lines between pairs of noise.

    Each of the `rows` has its own pair, and `steps` examples from one to the other.
    """
    ends = method.prior(key, 2 * rows)
    start, end = ends[:rows, None], ends[rows:, None]
    z = start + jnp.linspace(0, 1, steps)[:, None] * (end - start)
    return np.asarray(method.generate(state, z.reshape(-1, z.shape[-1])))

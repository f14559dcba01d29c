"""Pictures of what a method generates."""

from collections.abc import Sequence

import chex
import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import core
from gans_jax.data.source import Source, gather
from gans_jax.pictures.grids import grid
from gans_jax.pictures.points import points


def draw(generated: chex.Array, source: Source, columns: int | None = None) -> np.ndarray:
    """Draws the picture that fits generated examples: images `[n, h, w, c]`, or points `[n, d]`.

    Images are a grid, as square as it can be unless `columns` is given. Points are shown over as
    many real ones, the first in the source.
    """
    generated = np.asarray(generated)
    if generated.ndim == 4:
        return grid(generated, columns)
    first = np.arange(min(len(generated), len(source)))
    return points(generated, gather(source, first)["image"])


def label_columns(
    method: core.Sampler, num: int, labels: Sequence[int] | None = None
) -> tuple[np.ndarray | None, int | None]:
    """Returns labels `[num]` for a grid with a class a column, and the number of its columns.

    The columns are the given labels, or without them all classes, of which a grid with fewer
    examples shows the first. Both are None for a method without classes.

    Raises:
      ValueError: if labels are given that the method does not have.
    """
    columns = np.arange(method.classes) if labels is None else np.array(labels)
    if labels is not None:
        method.draw(jax.random.key(0), len(columns), columns)  # which refuses other labels
    if not method.classes:
        return None, None
    return np.resize(columns, num), min(len(columns), num)


def between(
    method: core.Sampler,
    state: core.State,
    key: jax.Array,
    rows: int,
    steps: int,
    label: int | None = None,
) -> np.ndarray:
    """Generates examples `[rows * steps, ...]` along straight lines between pairs of noise.

    Each of the `rows` has its own pair, and `steps` examples from one to the other. All examples of
    a row have one class: a conditional method draws it, unless the label for all rows is given.
    """
    ends, *labels = method.draw(key, 2 * rows, label)
    start, end = ends[:rows, None], ends[rows:, None]
    z = start + jnp.linspace(0, 1, steps)[:, None] * (end - start)
    repeated = [np.repeat(each[:rows], steps) for each in labels]
    return np.asarray(method.generate(state, z.reshape(-1, z.shape[-1]), *repeated))

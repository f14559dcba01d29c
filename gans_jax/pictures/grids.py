"""Pictures of examples as uint8 arrays: grids of images, plots of points."""

import io
import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax.core import files
from gans_jax.data.image import from_array, to_uint8
from gans_jax.data.source import Source, gather
from gans_jax.pictures import theme
from gans_jax.pictures.theme import GENERATED, REAL

MARGIN = 2


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Float images `[n, h, w, c]`, c 1 or 3, row by row in one uint8 picture `[H, W, c]`.

    The grid is as square as it can be unless `columns` is given; two black pixels lie between
    neighbours. ValueError for another shape.
    """
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"a grid shows grey or RGB images [n, h, w, c], not {images.shape}")
    n, h, w, c = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    cells = np.zeros((rows * columns, h + MARGIN, w + MARGIN, c), np.uint8)
    cells[:n, :h, :w] = to_uint8(images)
    picture = cells.reshape(rows, columns, h + MARGIN, w + MARGIN, c).swapaxes(1, 2)
    return picture.reshape(rows * (h + MARGIN), -1, c)[:-MARGIN, :-MARGIN]


def points(generated: np.ndarray, real: np.ndarray) -> np.ndarray:
    """A plot of generated `[n, d]` over real points as a uint8 picture `[480, 480, 3]`.

    Histograms for d = 1, else a scatter plot of the first two axes. The real points alone set the
    limits, so that the pictures of one run can be compared.
    """
    from matplotlib.figure import Figure  # slow to import

    figure = Figure(figsize=(4.8, 4.8), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    low, high = real.min(axis=0), real.max(axis=0)
    low, high = low - 0.25 * (high - low) - 0.1, high + 0.25 * (high - low) + 0.1
    axes.set_xlim(low[0], high[0])
    if real.shape[1] == 1:
        bins = np.linspace(low[0], high[0], 61)
        axes.hist(real[:, 0], bins, density=True, color=REAL, alpha=0.6, label="real")
        axes.hist(
            *(generated[:, 0], bins), density=True, color=GENERATED, alpha=0.6, label="generated"
        )
    else:
        axes.set_ylim(low[1], high[1])
        axes.scatter(*real[:, :2].T, s=9, color=REAL, linewidths=0, label="real")
        axes.scatter(*generated[:, :2].T, s=9, color=GENERATED, linewidths=0, label="generated")
    axes.legend(loc="upper right", fontsize=8)
    return theme.to_array(figure)


def between(method: Any, state: Any, key: jax.Array, rows: int, steps: int) -> np.ndarray:
    """Examples `[rows * steps, ...]` along straight lines between `rows` pairs of noise."""
    ends = method.prior(key, 2 * rows)
    start, end = ends[:rows, None], ends[rows:, None]
    z = start + jnp.linspace(0, 1, steps)[:, None] * (end - start)
    return np.asarray(method.generate(state, z.reshape(-1, z.shape[-1])))


def draw(generated: Any, source: Source) -> np.ndarray:
    """The picture that fits generated examples: images `[n, h, w, c]`, or points `[n, d]`.

    Points are shown over as many real ones, the first in the source.
    """
    generated = np.asarray(generated)
    if generated.ndim == 4:
        return grid(generated)
    first = np.arange(min(len(generated), len(source)))
    return points(generated, gather(source, first)["image"])


def to_png(picture: np.ndarray) -> bytes:
    """Encodes a uint8 picture `[h, w, 1 or 3]` as the content of a PNG file."""
    content = io.BytesIO()
    from_array(picture).save(content, "PNG")
    return content.getvalue()


def save(path: Path, picture: np.ndarray) -> None:
    """Writes a uint8 picture `[h, w, 1 or 3]` as a PNG file, as a whole or not at all."""
    files.write(path, to_png(picture))

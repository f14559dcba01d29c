"""Grids of images."""

import math

import numpy as np

from gans_jax.data.image import to_uint8

MARGIN = 2


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Lays float images `[n, h, w, c]`, c 1 or 3, out row by row in one uint8 picture `[H, W, c]`.

    The grid is as square as it can be unless `columns` is given; two black pixels lie between
    neighbours.

    Raises:
      ValueError: if the images have another shape.
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

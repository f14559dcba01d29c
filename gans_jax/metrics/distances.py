"""Two sets of examples as points, and the distances of all pairs, a block of rows at a time."""

from collections.abc import Iterator

import numpy as np

_PAIRS = 2**23  # 64 MB of distances


def as_points(
    x: np.ndarray, y: np.ndarray, dtype: type[np.float64] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Returns two sets of examples as points of one space, `[n, d]` and `[m, d]`.

    Args:
      x: examples `[n, ...]`.
      y: examples `[m, ...]`.
      dtype: the type of the points; None for the types of x and y.

    Raises:
      ValueError: if the examples differ in size, or one set has none.
    """
    x, y = (np.asarray(a, dtype).reshape(len(a), -1) for a in (x, y))
    if x.shape[1] != y.shape[1] or not (len(x) and len(y)):
        raise ValueError(
            f"sets of shape {x.shape} and {y.shape} cannot be compared: "
            "give both some examples of one size"
        )
    return x, y


def squared_distances(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields the rows of a block of x, and their squared distances to all of y.

    The distances are |x|^2 - 2 x.y + |y|^2 of centred values in float64, one matrix product a
    block. They are exact to 1e-15 of the largest |x|^2, and never negative.

    Args:
      x: examples `[n, ...]`.
      y: examples `[m, ...]`.

    Yields:
      A slice of x, and distances `[rows, m]`.

    Raises:
      ValueError: if the examples differ in size, or one set has none.
    """
    x, y = as_points(x, y)
    centre = y.mean(axis=0, dtype=np.float64)
    y = y - centre
    y_norms = np.square(y).sum(axis=1)
    rows = max(1, _PAIRS // len(y))
    for start in range(0, len(x), rows):
        block = x[start : start + rows] - centre
        products = block @ y.T
        products *= -2
        products += np.square(block).sum(axis=1)[:, None]
        products += y_norms
        yield slice(start, start + len(block)), np.maximum(products, 0, out=products)

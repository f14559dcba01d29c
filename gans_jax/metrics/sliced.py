"""The sliced Wasserstein distance."""

import numpy as np

_VALUES = 2**23  # 64 MB of projected values


def sliced_wasserstein(
    x: np.ndarray, y: np.ndarray, *, projections: int = 512, seed: int = 0
) -> float:
    """Returns the mean Wasserstein-1 distance of projections of two sets, in units of the data.

    Rabin, Peyré, Delon & Bernot 2011. The order of the distance and the number of directions are as
    in Karras et al. 2018 (arXiv:1710.10196), but numbers cannot be compared with theirs, which are
    of patches of a pyramid.

    Args:
      x: examples `[n, ...]`.
      y: as many examples `[n, ...]`, so that sorting pairs their quantiles.
      projections: the number of directions, drawn uniformly on the sphere.
      seed: of the directions.

    Raises:
      ValueError: if the shapes differ.
    """
    x, y = (a.reshape(len(a), -1) for a in map(np.asarray, (x, y)))
    if x.shape != y.shape or not x.size:
        raise ValueError(
            f"the sliced distance needs two sets of one shape, not {x.shape} and {y.shape}: "
            "take as many examples of both"
        )
    x, y = x.astype(np.float64), y.astype(np.float64)
    directions = np.random.default_rng(seed).standard_normal((projections, x.shape[1]))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    total, block = 0.0, max(1, _VALUES // len(x))
    for start in range(0, projections, block):
        chosen = directions[start : start + block]
        on_x, on_y = (np.sort(chosen @ a.T, axis=1) for a in (x, y))
        total += np.abs(on_x - on_y).mean(axis=1).sum()
    return float(total / projections)

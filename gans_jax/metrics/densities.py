"""Measures of samples from a density, without a feature network."""

import numpy as np


def energy_distance(x: np.ndarray, y: np.ndarray) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| of samples `[n, ...]`, `[m, ...]` (Szekely & Rizzo 2013).

    Zero exactly where the distributions agree. The estimate is biased upwards: it keeps the zero
    distances of each sample to itself, so that equal samples have distance 0. Units are the data's.
    """
    x, y = (np.asarray(a, np.float64).reshape(len(a), -1) for a in (x, y))
    within = pairwise_distances(x, x).mean() + pairwise_distances(y, y).mean()
    return float(2 * pairwise_distances(x, y).mean() - within)


def mode_shares(
    samples: np.ndarray, centers: np.ndarray, std: float, within: float = 3.0
) -> np.ndarray:
    """The share of all samples `[n, d]` that lies within `within` standard deviations of each mode.

    Returns `[modes]`; what is missing to a sum of 1 lies near no mode.
    """
    distances = pairwise_distances(np.asarray(samples, np.float64), np.asarray(centers, np.float64))
    nearest = distances.argmin(axis=1)
    close = distances.min(axis=1) < within * std
    return np.bincount(nearest[close], minlength=len(centers)) / len(samples)


def pairwise_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Euclidean distances `[n, m]` between the rows of `[n, d]` and `[m, d]`."""
    from scipy.spatial.distance import cdist  # a quarter of the package's import time

    return cdist(x, y)

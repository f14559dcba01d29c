"""Metrics of samples from a density, without a feature network."""

import numpy as np

from gans_jax.metrics.distances import as_points


def energy_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Returns 2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely & Rizzo 2013), in units of the data.

    It is zero exactly if the distributions agree. The estimate is biased upwards: it keeps the zero
    distance of each sample to itself, so that equal sets of samples have distance 0.

    Args:
      x: samples `[n, ...]`.
      y: samples `[m, ...]`.
    """
    x, y = as_points(x, y, np.float64)
    within = pairwise_distances(x, x).mean() + pairwise_distances(y, y).mean()
    return float(np.maximum(2 * pairwise_distances(x, y).mean() - within, 0))


def mode_shares(
    samples: np.ndarray, centers: np.ndarray, std: float, within: float = 3.0
) -> np.ndarray:
    """Returns the share of all samples that lie near each mode; the others lie near none.

    Args:
      samples: points `[n, d]`.
      centers: the modes `[modes, d]`.
      std: the standard deviation of a mode along each axis.
      within: how many standard deviations from its nearest mode a sample may be.

    Returns:
      Shares `[modes]`, whose sum is at most 1.
    """
    distances = pairwise_distances(np.asarray(samples, np.float64), np.asarray(centers, np.float64))
    nearest = distances.argmin(axis=1)
    close = distances.min(axis=1) < within * std
    return np.bincount(nearest[close], minlength=len(centers)) / len(samples)


def pairwise_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Returns the Euclidean distances `[n, m]` between the rows of x `[n, d]` and y `[m, d]`."""
    from scipy.spatial.distance import cdist  # a quarter of the package's import time

    return cdist(x, y)

"""The kernel distance between sets of features."""

from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """The mean and the standard deviation of a metric over subsets or splits."""

    mean: float
    std: float


def kernel_distance(
    x: np.ndarray, y: np.ndarray, *, subsets: int = 100, subset_size: int = 1000, seed: int = 2020
) -> Estimate:
    """Estimates the squared MMD of features with the kernel (x.y / d + 1)^3, unbiased.

    Bińkowski, Sutherland, Arbel & Gretton 2018, arXiv:1801.01401; with Inception's features it is
    the kernel Inception distance (KID). Seeds and defaults are torch-fidelity's, so that equal
    features in equal order give its numbers. An unbiased estimate of a distance near 0 is negative
    about half of the time, and it is not set to 0, which would bias it. The two sets must be drawn
    independently: of a set and itself the estimate is far below 0.

    Args:
      x: features `[n, d]`.
      y: features `[m, d]`.
      subsets: how many pairs of subsets are drawn.
      subset_size: the number of examples in a subset, drawn without replacement.
      seed: of the draws.

    Returns:
      The mean and the standard deviation over the pairs of subsets.

    Raises:
      ValueError: if either set is smaller than a subset, or the numbers of features differ.
    """
    if min(len(x), len(y)) < subset_size or subset_size < 2:
        raise ValueError(
            f"subsets of {subset_size} cannot be drawn from {len(x)} and {len(y)} samples: "
            "choose a subset_size from 2 to the smaller number"
        )
    if x.shape[1:] != y.shape[1:]:
        raise ValueError(
            f"features of shape {x.shape} and {y.shape} have no distance: use one feature network"
        )
    # NumPy promises that the draws of this old generator never change; torch-fidelity uses it too.
    random = np.random.RandomState(seed)
    values = []
    for _ in range(subsets):
        chosen_x = x[random.choice(len(x), subset_size, replace=False)]
        chosen_y = y[random.choice(len(y), subset_size, replace=False)]
        values.append(_squared_mmd(chosen_x.astype(np.float64), chosen_y.astype(np.float64)))
    return Estimate(float(np.mean(values)), float(np.std(values)))


def _squared_mmd(x: np.ndarray, y: np.ndarray) -> float:
    n = len(x)
    within = 0.0
    for a in (x, y):
        kernel = _kernel(a, a)
        within += (kernel.sum() - np.trace(kernel)) / (n * (n - 1))
    return within - 2 * _kernel(x, y).mean()


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    base = x @ y.T / x.shape[1] + 1
    return base * base * base

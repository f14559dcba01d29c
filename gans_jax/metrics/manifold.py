"""Precision, recall, density and coverage of samples, in the space of any features."""

from typing import NamedTuple

import numpy as np

from gans_jax.metrics.distances import squared_distances


class ManifoldScores(NamedTuple):
    """Shares in [0, 1], but for density, which can exceed 1."""

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_scores(real: np.ndarray, fake: np.ndarray, *, k: int = 5) -> ManifoldScores:
    """How the balls around samples, each out to its k-th neighbour of its own kind, overlap.

    Improved precision and recall: Kynkäänniemi et al. 2019, arXiv:1904.06991; density and coverage:
    Naeem et al. 2020, arXiv:2002.09797. For features `[n, d]`, `[m, d]`; the memory does not grow
    with n times m.

    Raises:
      ValueError: if a set has no k-th neighbour.
    """
    if min(len(real), len(fake)) <= k:
        raise ValueError(
            f"{len(real)} real and {len(fake)} fake samples have no neighbour number {k}: "
            "use more samples or a smaller k"
        )
    real_radii, fake_radii = _radii(real, k), _radii(fake, k)
    balls_around_fake = np.zeros(len(fake), np.int64)
    recalled, covered = 0, 0
    for rows, distances in squared_distances(real, fake):
        within = distances < real_radii[rows, None]
        balls_around_fake += within.sum(axis=0)
        covered += within.any(axis=1).sum()
        recalled += (distances < fake_radii).any(axis=1).sum()
    return ManifoldScores(
        precision=float((balls_around_fake > 0).mean()),
        recall=float(recalled / len(real)),
        density=float(balls_around_fake.mean() / k),
        coverage=float(covered / len(real)),
    )


def _radii(features: np.ndarray, k: int) -> np.ndarray:
    """The squared distance of each sample to its k-th neighbour, itself not counted."""
    radii = np.empty(len(features))
    for rows, distances in squared_distances(features, features):
        radii[rows] = np.partition(distances, k, axis=1)[:, k]
    return radii

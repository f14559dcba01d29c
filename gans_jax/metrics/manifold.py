"""Precision, recall, density and coverage of samples, in the space of any features."""

from typing import NamedTuple

import numpy as np

from gans_jax.metrics.distances import squared_distances


class ManifoldScores(NamedTuple):
    """How well samples cover the data; each in [0, 1] except density, which can exceed 1.

    Attributes:
      precision: the share of the samples that lie in the ball around a real example.
      recall: the share of the real examples that lie in the ball around a sample.
      density: in how many balls around real examples a sample lies on average, divided by k.
      coverage: the share of the real examples whose ball holds a sample.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_scores(real: np.ndarray, fake: np.ndarray, *, k: int = 5) -> ManifoldScores:
    """Counts examples in balls around others, each out to the k-th neighbour in its own set.

    Improved precision and recall: Kynkäänniemi et al. 2019, arXiv:1904.06991; density and coverage:
    Naeem et al. 2020, arXiv:2002.09797. The memory does not grow with n times m.

    Args:
      real: features of real examples `[n, d]`.
      fake: features of samples `[m, d]`.
      k: the neighbour that a ball reaches to.

    Raises:
      ValueError: if a set has k examples or fewer.
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
        covered += int(within.any(axis=1).sum())
        recalled += int((distances < fake_radii).any(axis=1).sum())
    return ManifoldScores(
        precision=float((balls_around_fake > 0).mean()),
        recall=recalled / len(real),
        density=float(balls_around_fake.mean() / k),
        coverage=covered / len(real),
    )


def _radii(features: np.ndarray, k: int) -> np.ndarray:
    """Returns the squared distance `[n]` of each example to its k-th neighbour in the set."""
    radii = np.empty(len(features))
    for rows, distances in squared_distances(features, features):
        radii[rows] = np.partition(distances, k, axis=1)[:, k]
    return radii

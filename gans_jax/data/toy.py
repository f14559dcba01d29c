"""Densities in one and two dimensions, on which mode collapse can be seen and counted.

Each source is a sample of `num` points, drawn once from its `seed`. Examples: `image` float32 [d].
A mixture has `centers` [modes, d] and `std`, the standard deviation of a mode along each axis.
"""

import dataclasses
import functools
import math

import numpy as np

from gans_jax.core import checks
from gans_jax.data.source import DataError, InMemory


class _GaussianMixture(InMemory):
    """Base of the mixtures of isotropic Gaussians of one `std`. A subclass defines `centers`.

    The Gaussians are equally likely unless a subclass has `weights`.
    """

    weights: tuple[float, ...] | None = None
    std: float
    num: int
    seed: int

    @property
    def centers(self) -> np.ndarray:
        """The means of the Gaussians, [modes, d]."""
        raise NotImplementedError

    @functools.cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(self.seed)
        modes = rng.choice(len(self.centers), self.num, p=self.weights)
        noise = rng.standard_normal((self.num, self.centers.shape[1]))
        return {"image": (self.centers[modes] + self.std * noise).astype(np.float32)}


@dataclasses.dataclass(frozen=True)
class GaussianRing(_GaussianMixture):
    """Gaussians evenly spaced on a circle (Metz et al. 2017, arXiv:1611.02163, section 3.1).

    Attributes:
      modes: how many Gaussians there are.
      radius: of the circle.
      std: the standard deviation of each.
      num: how many points there are.
      seed: decides which points are drawn.
    """

    modes: int = 8
    radius: float = 2.0
    std: float = 0.02
    num: int = 100_000
    seed: int = 0

    def __post_init__(self) -> None:
        checks.positive(modes=self.modes, radius=self.radius, std=self.std, num=self.num)

    @property
    def centers(self) -> np.ndarray:
        angles = 2 * np.pi * np.arange(self.modes) / self.modes
        return self.radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


@dataclasses.dataclass(frozen=True)
class GaussianGrid(_GaussianMixture):
    """`side` x `side` Gaussians around the origin (Srivastava et al. 2017, arXiv:1705.07761).

    Attributes:
      side: how many Gaussians a side of the grid has.
      spacing: between two neighbours.
      std: the standard deviation of each.
      num: how many points there are.
      seed: decides which points are drawn.
    """

    side: int = 5
    spacing: float = 2.0
    std: float = 0.05
    num: int = 100_000
    seed: int = 0

    def __post_init__(self) -> None:
        checks.positive(side=self.side, spacing=self.spacing, std=self.std, num=self.num)

    @property
    def centers(self) -> np.ndarray:
        ticks = self.spacing * (np.arange(self.side) - (self.side - 1) / 2)
        return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)


@dataclasses.dataclass(frozen=True)
class TwoGaussians(_GaussianMixture):
    """Two Gaussians on the first of `dimension` axes, drawn with probabilities `weights`.

    Attributes:
      means: where they lie on the first axis.
      std: the standard deviation of each.
      weights: their probabilities.
      dimension: how many axes there are.
      num: how many points there are.
      seed: decides which points are drawn.
    """

    means: tuple[float, float] = (-2.0, 2.0)
    std: float = 0.5
    weights: tuple[float, float] = (0.5, 0.5)
    dimension: int = 1
    num: int = 100_000
    seed: int = 0

    def __post_init__(self) -> None:
        checks.positive(std=self.std, dimension=self.dimension, num=self.num)
        if min(self.weights) < 0 or not math.isclose(sum(self.weights), 1):
            raise DataError(f"weights {self.weights} are not probabilities: make their sum 1")

    @property
    def centers(self) -> np.ndarray:
        return np.outer(self.means, np.eye(self.dimension)[0])


@dataclasses.dataclass(frozen=True)
class TwoUniforms(InMemory):
    """Two disjoint intervals, equally likely and uniform within.

    `std` is the standard deviation within the wider interval.

    Attributes:
      left: the ends of the left interval.
      right: the ends of the right interval.
      num: how many points there are.
      seed: decides which points are drawn.
    """

    left: tuple[float, float] = (-3.0, -1.0)
    right: tuple[float, float] = (1.0, 3.0)
    num: int = 100_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.left[0] < self.left[1] < self.right[0] < self.right[1]:
            raise DataError(
                f"intervals {self.left} and {self.right} are not disjoint: order their four ends"
            )

    @property
    def centers(self) -> np.ndarray:
        return np.mean([self.left, self.right], axis=1, keepdims=True)

    @property
    def std(self) -> float:
        return float(np.ptp([self.left, self.right], axis=1).max() / np.sqrt(12))

    @functools.cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(self.seed)
        ends = np.array([self.left, self.right])[rng.integers(2, size=self.num)]
        return {"image": rng.uniform(ends[:, :1], ends[:, 1:]).astype(np.float32)}


@dataclasses.dataclass(frozen=True)
class ParallelLines(InMemory):
    """(theta, Z) with Z uniform in [0, 1]: Arjovsky et al. 2017, arXiv:1701.07875, example 1.

    The Wasserstein distance to the line at theta = 0 is |theta|. The Jensen-Shannon divergence from
    it is log 2 for every theta but 0.

    Attributes:
      theta: how far the line is from the one at 0.
      num: how many points there are.
      seed: decides which points are drawn.
    """

    theta: float = 1.0
    num: int = 100_000
    seed: int = 0

    @functools.cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        z = np.random.default_rng(self.seed).uniform(size=self.num)
        return {"image": np.stack([np.full_like(z, self.theta), z], axis=1).astype(np.float32)}

"""The mean and covariance of features, accumulated batch by batch, for a Fréchet distance."""

from collections.abc import Iterable
from typing import NamedTuple, Self

import numpy as np

# How many rows are gathered before they enter the covariance. So small batches cost no more than
# large ones, and sums have the same order, and thus the same bits, for every batch size.
_BLOCK = 1024


class Gaussian(NamedTuple):
    """A Gaussian that was fitted to samples.

    Attributes:
      count: the number of samples.
      mean: their mean, float64 `[d]`.
      covariance: their unbiased covariance, float64 `[d, d]`.
    """

    count: int  # type: ignore[assignment]  # it hides the method of tuples, which nobody needs
    mean: np.ndarray
    covariance: np.ndarray


class FeatureStatistics:
    """Accumulates a `Gaussian` in `2 d^2 + 1024 d` numbers, however many samples there are.

    Blocks are centred on their own mean and merged by the parallel formula of Chan, Golub & LeVeque
    (1983), which loses no digits where means are much larger than standard deviations.
    """

    def __init__(self, features: int) -> None:
        self._count, self._filled = 0, 0
        self._mean = np.zeros(features)
        # The lower triangle of the sum of outer products; Fortran's order is what BLAS updates.
        self._scatter = np.zeros((features, features), order="F")
        self._block = np.empty((_BLOCK + 1, features))  # and one row for the shift of the mean

    def update(self, features: np.ndarray) -> Self:
        """Adds features `[n, d]` of any floating type.

        Raises:
          ValueError: if the features have another shape, or are not finite.
        """
        features = np.asarray(features)
        if features.ndim != 2 or features.shape[1] != len(self._mean):
            raise ValueError(
                f"these statistics are of features [n, {len(self._mean)}]: reshape {features.shape}"
            )
        if not np.isfinite(features).all():
            raise ValueError("features are not finite: look at the images that they come from")
        while len(features):
            taken = features[: _BLOCK - self._filled]
            self._block[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            features = features[len(taken) :]
            if self._filled == _BLOCK:
                self._flush()
        return self

    def merge(self, other: Self) -> Self:
        """Adds the features that `other` has accumulated, such as another process's share."""
        for statistics in (self, other):
            statistics._flush()
        if other._count:
            self._add_outer(self._shift(other._count, other._mean)[None])
            self._scatter += other._scatter
        return self

    def gaussian(self) -> Gaussian:
        """Returns the Gaussian of all features so far; more features can follow.

        Raises:
          ValueError: if there are fewer than two samples.
        """
        self._flush()
        if self._count < 2:
            raise ValueError(
                f"a covariance needs at least two samples, but there are {self._count}: add images"
            )
        lower = np.tril(self._scatter) / (self._count - 1)
        covariance = lower + np.tril(lower, -1).T
        return Gaussian(self._count, self._mean.copy(), covariance)

    def _flush(self) -> None:
        if not self._filled:
            return
        filled, self._filled = self._filled, 0
        block = self._block[:filled]
        mean = block.mean(axis=0)
        block -= mean
        self._block[filled] = self._shift(filled, mean)
        self._add_outer(self._block[: filled + 1])

    def _shift(self, count: int, mean: np.ndarray) -> np.ndarray:
        """Merges `count` samples with this mean into the mean of all samples.

        Returns:
          The row whose outer product accounts, in the scatter, for the distance of the two means.
        """
        total = self._count + count
        difference = mean - self._mean
        row = difference * np.sqrt(self._count * count / total)
        self._mean += difference * (count / total)
        self._count = total
        return row

    def _add_outer(self, rows: np.ndarray) -> None:
        """Adds the lower triangle of `rows.T @ rows` to the scatter, which is half the work."""
        from scipy.linalg.blas import dsyrk  # slow to import

        self._scatter = dsyrk(
            1.0, rows.T, beta=1.0, c=self._scatter, trans=0, lower=1, overwrite_c=1
        )


def fit_gaussian(batches: Iterable[np.ndarray]) -> Gaussian:
    """Fits a Gaussian to the features in `batches` of `[n, d]`, whatever their sizes n.

    The sizes of the batches change no bit of the result; their order changes its rounding.

    Raises:
      ValueError: if there are fewer than two samples, or batches differ in d or are not finite.
    """
    statistics = None
    for batch in batches:
        if statistics is None:
            statistics = FeatureStatistics(np.shape(batch)[-1])
        statistics.update(batch)
    if statistics is None:
        raise ValueError("there are no features to take statistics of: add images")
    return statistics.gaussian()

"""The training examples nearest to samples, and whether samples are copies of them."""

from typing import NamedTuple

import numpy as np

from gans_jax.metrics.distances import squared_distances

# How many neighbours tell how densely the training examples lie around a sample.
_SURROUNDING = 50


class Neighbours(NamedTuple):
    """The k nearest training examples of each sample, nearest first, both `[n, k]`."""

    indices: np.ndarray
    distances: np.ndarray


class Memorisation(NamedTuple):
    """Which samples look like copies, and whether they are too many.

    Attributes:
      copies: whether each sample is nearer to a training example than `threshold`, bool `[n]`.
      threshold: the nearness that few held-out examples reach.
      probability: of as many copies, or more, among as many held-out examples.
      memorised: whether this probability is below 0.001.
    """

    copies: np.ndarray
    threshold: float
    probability: float
    memorised: bool


def nearest_neighbours(samples: np.ndarray, training: np.ndarray, *, k: int = 1) -> Neighbours:
    """Finds the nearest training examples of samples, by Euclidean distance.

    Args:
      samples: pixels or features `[n, ...]`.
      training: pixels or features of the training examples `[m, ...]`.
      k: how many neighbours of each sample to find.

    Raises:
      ValueError: if there are fewer than k training examples.
    """
    if len(training) < k:
        raise ValueError(f"{len(training)} training examples have no {k} neighbours: lower k")
    indices, nearest = np.empty((len(samples), k), np.int64), np.empty((len(samples), k))
    for rows, distances in squared_distances(samples, training):
        candidates = np.argpartition(distances, k - 1, axis=1)[:, :k]
        values = np.take_along_axis(distances, candidates, axis=1)
        order = np.argsort(values, axis=1, kind="stable")
        indices[rows] = np.take_along_axis(candidates, order, axis=1)
        nearest[rows] = np.sqrt(np.take_along_axis(values, order, axis=1))
    return Neighbours(indices, nearest)


def memorisation(
    samples: np.ndarray, training: np.ndarray, held_out: np.ndarray, *, quantile: float = 0.01
) -> Memorisation:
    """Flags samples that are nearer to one training example than real, unseen examples are.

    The nearness is the distance to the nearest training example divided by the mean distance to the
    50 nearest (to all if there are fewer). It is 0 for a copy and close to 1 otherwise, so that it
    can be compared between dense and thin regions (after Carlini et al. 2023, arXiv:2301.13188,
    section 5.1). The threshold is a quantile of the nearness of held-out examples: that share of
    samples is flagged if they are distributed like the data. A binomial test tells whether more
    are.

    Args:
      samples: pixels or features `[n, ...]`.
      training: pixels or features of the training examples `[m, ...]`.
      held_out: pixels or features of examples that were not trained on.
      quantile: the share of held-out examples that count as copies.

    Raises:
      ValueError: if fewer than 1 / quantile examples are held out.
    """
    from scipy.stats import binom  # slow to import

    if len(held_out) * quantile < 1:
        raise ValueError(
            f"{len(held_out)} held-out examples have no quantile {quantile:g}: hold out at least "
            f"{int(np.ceil(1 / quantile))}"
        )
    threshold = float(np.quantile(_nearness(held_out, training), quantile))
    copies = _nearness(samples, training) < threshold
    probability = float(binom.sf(copies.sum() - 1, len(samples), quantile))
    return Memorisation(copies, threshold, probability, probability < 1e-3)


def _nearness(samples: np.ndarray, training: np.ndarray) -> np.ndarray:
    k = min(_SURROUNDING, len(training))
    distances = nearest_neighbours(samples, training, k=k).distances
    surrounding = distances.mean(axis=1)
    return np.divide(distances[:, 0], surrounding, out=np.ones(len(samples)), where=surrounding > 0)

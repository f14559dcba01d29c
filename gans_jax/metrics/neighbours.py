"""Nearest training examples of samples, and whether samples are copies of them."""

from typing import NamedTuple

import numpy as np

from gans_jax.metrics.distances import squared_distances

# How many neighbours say how densely the training examples lie around a sample.
_SURROUNDING = 50


class Neighbours(NamedTuple):
    """The k nearest training examples of each sample, nearest first, both `[n, k]`."""

    indices: np.ndarray
    distances: np.ndarray


class Memorisation(NamedTuple):
    """Which samples look like copies, and whether they are too many.

    `copies` `[n]` flags samples whose nearness is under `threshold`; `probability` is that of as
    many flags among as many held-out examples, and `memorised` says that it is below 0.001.
    """

    copies: np.ndarray
    threshold: float
    probability: float
    memorised: bool


def nearest_neighbours(samples: np.ndarray, training: np.ndarray, *, k: int = 1) -> Neighbours:
    """Euclidean neighbours among `training` `[m, ...]` of `samples` `[n, ...]`, pixels or features.

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
    """Flags samples that are nearer to one training example than real, unseen examples ever are.

    Nearness is the distance to the nearest training example over the mean distance to the 50
    nearest (all, where there are fewer): 0 for a copy, near 1 otherwise, and as such comparable
    between dense and thin regions (after Carlini et al. 2023, arXiv:2301.13188, section 5.1). The
    threshold is the given quantile of the held-out examples' own nearness: of samples distributed
    like the data, that share is flagged, and a binomial test says whether there are more.

    Raises:
      ValueError: if fewer than 1 / quantile examples are held out, so that there is no quantile.
    """
    from scipy.stats import binom

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

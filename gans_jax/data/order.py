"""The order of examples, and the random numbers that belong to a place in it."""

import functools
from typing import TypeAlias

import numpy as np

Rng: TypeAlias = np.random.Generator


def shuffled(length: int, seed: int, position: int, order: int = 0) -> int:
    """Returns the index at a position of endless epochs, each a new permutation of the examples.

    Args:
      length: the number of examples in an epoch.
      seed: of the permutations.
      position: the place in the endless sequence, from 0.
      order: a number that tells independent sequences of one seed apart.
    """
    epoch, offset = divmod(position, length)
    return int(permutation(length, seed, epoch, order)[offset])


def all_shuffled(length: int, seed: int, positions: np.ndarray, order: int = 0) -> np.ndarray:
    """Returns `shuffled` at each of several positions, int64 [n]."""
    epochs, offsets = np.divmod(positions, length)
    indices = np.empty(len(positions), np.int64)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        indices[here] = permutation(length, seed, int(epoch), order)[offsets[here]]
    return indices


# NumPy shuffles an epoch at once, far quicker than position after position.
@functools.lru_cache(maxsize=16)
def permutation(length: int, seed: int, epoch: int, order: int = 0) -> np.ndarray:
    """Returns the order of `length` examples in an epoch; see `shuffled`."""
    return _generator(seed, (epoch, order) if order else (epoch,)).permutation(length)


def generator(seed: int, position: int, order: int = 0) -> Rng:
    """Returns the random numbers that belong to a position of the endless stream of `seed`."""
    # The key has three numbers, so that it differs from the key of every permutation.
    return _generator(seed, (position, order, 0))


def _generator(seed: int, key: tuple[int, ...]) -> Rng:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))

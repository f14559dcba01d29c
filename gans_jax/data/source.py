"""What a source of examples is, and how examples are gathered into a batch."""

import functools
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np


class DataError(ValueError):
    """Data that is missing, unreadable or unfit; the message names it and the remedy."""


class Source(Protocol):
    """A finite set of examples with random access.

    Sources are frozen dataclasses of plain fields, so that they are part of an experiment's
    configuration; they touch the disk only when an example or the length is asked for.

    A source may also define `draw(seed, position)`, a pure function that gives the example at a
    position of the endless stream of `seed`. The stream then asks for that instead of shuffling
    indices: for examples that are altered at random, and for two domains with an order each.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> dict[str, np.ndarray]: ...


class InMemory:
    """Base of the sources that hold all their examples in `arrays`, one row each."""

    arrays: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.arrays["image"])

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return {name: np.array(values[index]) for name, values in self.arrays.items()}


def gather(source: Source, indices: Sequence[int]) -> dict[str, np.ndarray]:
    """The examples at `indices`, stacked along a new first axis.

    Raises:
      DataError: if the examples differ in keys or shapes.
    """
    if isinstance(source, InMemory):
        return {name: values[indices] for name, values in source.arrays.items()}
    return stack([source[int(index)] for index in indices])


def stack(examples: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The examples stacked along a new first axis.

    Raises:
      DataError: if they differ in keys or shapes.
    """
    if any(example.keys() != examples[0].keys() for example in examples):
        raise DataError("examples of one batch have different keys: give all of them the same")
    return {name: _stack(name, [example[name] for example in examples]) for name in examples[0]}


def shuffled(length: int, seed: int, position: int, order: int = 0) -> int:
    """The index at a position of endless epochs, each a new permutation of `length` examples.

    `order` tells independent sequences of one seed apart.
    """
    epoch, offset = divmod(position, length)
    return int(permutation(length, seed, epoch, order)[offset])


# NumPy shuffles an epoch at once; grain's shuffle costs about 25 microseconds per example.
@functools.lru_cache(maxsize=16)
def permutation(length: int, seed: int, epoch: int, order: int = 0) -> np.ndarray:
    """The order of `length` examples in an epoch."""
    return _generator(seed, (epoch, order) if order else (epoch,)).permutation(length)


def generator(seed: int, position: int, order: int = 0) -> np.random.Generator:
    """The random numbers that belong to a position of the endless stream of `seed`."""
    return _generator(seed, (position, order, 0))  # of another length than any permutation's key


def _generator(seed: int, key: tuple[int, ...]) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def _stack(name: str, values: list[np.ndarray]) -> np.ndarray:
    shapes = {np.shape(value) for value in values}
    if len(shapes) > 1:
        raise DataError(
            f"{name!r} has shapes {sorted(shapes)} within one batch: give the source a `size`"
        )
    return np.stack(values)

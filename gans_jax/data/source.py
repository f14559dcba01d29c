"""What a source of examples is, and how examples are gathered into a batch."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeGuard, runtime_checkable

import numpy as np

Example = dict[str, np.ndarray]
Shape = tuple[int | None, ...]


class DataError(ValueError):
    """Data are missing, unreadable or unfit; the message names them and the remedy."""


class Source(Protocol):
    """A finite set of examples with random access.

    A source is a frozen dataclass of plain fields, so that it is part of an experiment's
    configuration. It touches the disk only when an example or the length is asked for.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Example: ...


# A source in a field of another one. It is not `Source`, because the command line overrides nothing
# behind a field that is annotated with a protocol.
AnySource: TypeAlias = Any


@runtime_checkable
class Drawn(Source, Protocol):
    """A source that chooses the order and the random changes of its examples itself.

    A stream calls `draw` instead of shuffling indices. This is for examples that are altered at
    random, and for two domains that are shuffled independently.
    """

    def draw(self, seed: int, position: int) -> Example:
        """Returns the example at a position of the endless stream of `seed`; a pure function."""


@runtime_checkable
class Shaped(Source, Protocol):
    """A source that tells the shapes of its images from its fields, before there are any data."""

    def shapes(self) -> dict[str, Shape]:
        """Returns the shape of each image of an example; None for a side that only files tell."""


def is_drawn(source: Source) -> TypeGuard[Drawn]:
    """Returns whether the source has a `draw` of its own."""
    return isinstance(source, Drawn)


def image_shape(source: Source) -> Shape:
    """Returns the shape [h, w, c] of the source's `image`, as far as its fields tell it."""
    unknown = (None, None, None)
    return source.shapes().get("image", unknown) if isinstance(source, Shaped) else unknown


class InMemory:
    """Base of the sources that hold all examples in memory. A subclass defines `arrays`."""

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All examples: arrays by name, with one row for each example."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.arrays["image"])

    def __getitem__(self, index: int) -> Example:
        return {name: np.array(values[index]) for name, values in self.arrays.items()}


def gather(source: Source, indices: np.ndarray) -> Example:
    """Returns the examples at `indices`, stacked along a new first axis.

    Raises:
      DataError: if the examples differ in keys or shapes.
    """
    if isinstance(source, InMemory):
        return {name: values[indices] for name, values in source.arrays.items()}
    return stack([source[int(index)] for index in indices])


def stack(examples: Sequence[Mapping[str, np.ndarray]]) -> Example:
    """Returns the examples stacked along a new first axis.

    Raises:
      DataError: if the examples differ in keys or shapes.
    """
    if any(example.keys() != examples[0].keys() for example in examples):
        raise DataError("examples of one batch have different keys: give all of them the same")
    return {name: _stack(name, [example[name] for example in examples]) for name in examples[0]}


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


# NumPy shuffles an epoch at once; grain's shuffle costs about 25 microseconds per example.
@functools.lru_cache(maxsize=16)
def permutation(length: int, seed: int, epoch: int, order: int = 0) -> np.ndarray:
    """Returns the order of `length` examples in an epoch; see `shuffled`."""
    return _generator(seed, (epoch, order) if order else (epoch,)).permutation(length)


def generator(seed: int, position: int, order: int = 0) -> np.random.Generator:
    """Returns the random numbers that belong to a position of the endless stream of `seed`."""
    # The key has three numbers, so that it differs from the key of every permutation.
    return _generator(seed, (position, order, 0))


def _generator(seed: int, key: tuple[int, ...]) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def _stack(name: str, values: list[np.ndarray]) -> np.ndarray:
    shapes = {np.shape(value) for value in values}
    if len(shapes) > 1:
        raise DataError(
            f"{name!r} has shapes {sorted(shapes)} within one batch: give the source a `size`"
        )
    return np.stack(values)

"""What a source of examples is, and how examples are gathered into a batch."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np


class DataError(ValueError):
    """Data that is missing, unreadable or unfit; the message names it and the remedy."""


class Source(Protocol):
    """A finite set of examples with random access.

    Sources are frozen dataclasses of plain fields, so that they are part of an experiment's
    configuration; they touch the disk only when an example or the length is asked for.
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
    examples = [source[int(index)] for index in indices]
    if any(example.keys() != examples[0].keys() for example in examples):
        raise DataError("examples of one batch have different keys: give all of them the same")
    return {name: _stack(name, [example[name] for example in examples]) for name in examples[0]}


def _stack(name: str, values: list[np.ndarray]) -> np.ndarray:
    shapes = {np.shape(value) for value in values}
    if len(shapes) > 1:
        raise DataError(
            f"{name!r} has shapes {sorted(shapes)} within one batch: give the source a `size`"
        )
    return np.stack(values)

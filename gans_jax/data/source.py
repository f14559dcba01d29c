"""What a source of examples is, and how examples are gathered into a batch."""

import dataclasses
import errno
import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable
from unicodedata import category

import numpy as np

Example = dict[str, np.ndarray]
Shape = tuple[int | None, ...]


class DataError(ValueError):
    """Data are missing, unreadable or unfit; the message names them and the remedy."""


def missing(kind: str, path: str | os.PathLike[str], remedy: str = "check the path") -> DataError:
    """Returns the error for a file or a folder (`kind`) that does not exist."""
    where = "" if os.path.isabs(path) else f" in {shown(os.getcwd())}"
    return DataError(f"the {kind} {shown(path)} is missing{where}: {remedy}")


def shown(path: str | os.PathLike[str]) -> str:
    """Returns a path as one line of text, with escapes for control characters and stray bytes."""
    hidden = {"Cc", "Cs", "Zl", "Zp"}
    return "".join(
        character.encode("unicode_escape").decode() if category(character) in hidden else character
        for character in os.fspath(path)
    )


def check_choice(name: str, value: object, options: Collection[object]) -> None:
    """Raises a DataError unless the value of a field is one of the options."""
    if value not in options:
        raise DataError(f"{name} cannot be {value!r}: choose {' or '.join(map(repr, options))}")


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
class Batched(Source, Protocol):
    """A source that reads the examples of a batch together, which is quicker than one by one."""

    def batch(self, indices: np.ndarray) -> Example:
        """Returns the examples at `indices`, stacked along a new first axis."""


@runtime_checkable
class DrawnTogether(Drawn, Protocol):
    """A source with `draw` that draws the examples of a batch together."""

    def draws(self, seed: int, positions: np.ndarray) -> Example:
        """Returns what `draw` returns at `positions`, stacked along a new first axis."""


@runtime_checkable
class Shaped(Source, Protocol):
    """A source that tells from its fields what an example is, before there are any data."""

    def shapes(self) -> dict[str, Shape]:
        """Returns the shape of each image of an example, with None for a side that only files tell,
        and () for a label."""


def known_shape(source: Source, name: str) -> Shape:
    """Returns the shape [h, w, c] of an image of the source, as far as its fields tell it."""
    shapes = source.shapes() if isinstance(source, Shaped) else {}
    return shapes.get(name, (None, None, None))


@runtime_checkable
class Fingerprinted(Source, Protocol):
    """A source that tells whether the files behind it are still the same."""

    def fingerprint(self) -> str:
        """Returns a digest that changes when the files, and with them the examples, change."""


def fingerprint(source: object) -> str | None:
    """Returns a digest of the files behind a source and behind the sources in its fields.

    It depends on the order, the names and the sizes of the files, and not on where their folder
    lies. None if there are no files.

    Raises:
      DataError: if the files cannot be listed.
    """
    if isinstance(source, Fingerprinted):
        return source.fingerprint()
    if isinstance(source, tuple | list):
        parts = {str(index): fingerprint(value) for index, value in enumerate(source)}
    elif dataclasses.is_dataclass(source) and not isinstance(source, type):
        fields = dataclasses.fields(source)
        parts = {field.name: fingerprint(getattr(source, field.name)) for field in fields}
    else:
        return None
    known = {name: part for name, part in parts.items() if part is not None}
    return hashlib.sha256(json.dumps(known).encode()).hexdigest() if known else None


def digest_of_files(folder: str, names: Iterable[str]) -> str:
    """Returns a digest of the names and the sizes of files in a folder, in their order.

    Raises:
      DataError: if the system fails to tell a size.
    """
    digest = hashlib.sha256()
    for name in names:
        try:
            size = Path(folder, name).stat().st_size
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP):
                where = shown(Path(folder, name))
                raise DataError(f"{where} has no known size ({error.strerror})") from error
            size = -1  # a link to nothing
        digest.update(os.fsencode(name) + b"\0%d\0" % size)
    return digest.hexdigest()


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

    def batch(self, indices: np.ndarray) -> Example:
        return {name: values[indices] for name, values in self.arrays.items()}


def gather(source: Source, indices: np.ndarray) -> Example:
    """Returns the examples at `indices`, stacked along a new first axis.

    Raises:
      DataError: if the examples differ in keys or shapes.
    """
    if isinstance(source, Batched):
        return source.batch(indices)
    return stack([source[int(index)] for index in indices])


def drawn(source: Drawn, seed: int, positions: np.ndarray) -> Example:
    """Returns what the source draws at `positions`, stacked along a new first axis.

    Raises:
      DataError: if the examples differ in keys or shapes.
    """
    if isinstance(source, DrawnTogether):
        return source.draws(seed, positions)
    return stack([source.draw(seed, int(position)) for position in positions])


def stack(examples: Sequence[Mapping[str, np.ndarray]]) -> Example:
    """Returns the examples stacked along a new first axis.

    Raises:
      DataError: if an example is no dictionary, or the examples differ in keys or shapes.
    """
    for example in examples:
        if not isinstance(example, Mapping):
            raise DataError(
                f"an example of the source is a {type(example).__name__}: make it a dictionary "
                "such as {'image': array}, or read the data set with data.RandomAccess"
            )
    if any(example.keys() != examples[0].keys() for example in examples):
        raise DataError("examples of one batch have different keys: give all of them the same")
    batch = {}
    for name in examples[0]:
        values = [example[name] for example in examples]
        if len(shapes := {np.shape(value) for value in values}) > 1:
            raise DataError(
                f"{name!r} has shapes {sorted(shapes)} within one batch: give the source a `size`"
            )
        batch[name] = np.stack(values)
    return batch

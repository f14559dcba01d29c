"""A source without the examples that a list names, such as copies of other examples."""

import dataclasses
import functools
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gans_jax.core import files
from gans_jax.data.idx import IDX
from gans_jax.data.source import (
    AnySource,
    DataError,
    Drawn,
    Example,
    InMemory,
    Shape,
    Shaped,
    Source,
    fingerprint,
    gather,
    missing,
    shown,
)
from gans_jax.data.tfds import TFDS

MAX_BYTES = 2**30  # of a list


@dataclasses.dataclass(frozen=True)
class Excluding:
    """The examples of a source that a list does not exclude, in their order.

    `deduplicate SOURCE --exclude LIST` writes such a list. It is a JSON object with `images`, a
    digest by which the images are recognised, `examples`, how many there are, and `exclude`, the
    indices of examples, or the names of files of an `ImageFolder`. The list may be edited. It fits
    the same images in another folder, at another size, and with or without labels.

    Where the source has `on_bad="skip"`, an excluded image may take the place of a bad one.

    Attributes:
      source: the source, such as an `ImageFolder`. A source that orders its examples itself, such
        as a task or a `PairedFolder`, cannot be one: put `Excluding` around the source inside it.
      path: the list.

    Raises (at first use):
      DataError: if the list is missing, is no such list, was made from other images, names an
        example that the source does not have, or excludes all; or if the source raises it.
    """

    source: AnySource
    path: str

    def __post_init__(self) -> None:
        if isinstance(self.source, Drawn):
            name = type(self.source).__name__
            raise DataError(
                f"{name} orders its examples itself: put Excluding around the source inside {name}"
            )

    @functools.cached_property
    def kept(self) -> np.ndarray:
        """The indices in `source` of the examples that remain, sorted, int64 `[n]`."""
        num = len(self.source)
        kept = np.setdiff1d(np.arange(num), read(self.path, self.source))
        if not len(kept):
            raise DataError(f"{shown(self.path)} excludes all {num} examples: shorten it")
        return kept

    def __len__(self) -> int:
        return len(self.kept)

    def __getitem__(self, index: int) -> Example:
        return self.source[int(self.kept[index])]

    def batch(self, indices: np.ndarray) -> Example:
        """Returns the examples at `indices`, stacked along a new first axis."""
        return gather(self.source, self.kept[indices])

    def shapes(self) -> dict[str, Shape]:
        return self.source.shapes() if isinstance(self.source, Shaped) else {}

    def fingerprint(self) -> str:
        """Returns a digest that changes with the files of the source and with what is excluded."""
        digest = hashlib.sha256(str(fingerprint(self.source)).encode())
        digest.update(self.kept.astype("<i8").tobytes())
        return digest.hexdigest()


def write(path: str | os.PathLike[str], source: Source, indices: Iterable[int]) -> None:
    """Writes a list that excludes the examples of a source at `indices`.

    Raises:
      DataError: if nothing tells the images of the source from others.
    """
    names = getattr(source, "files", None)
    exclude = [index if names is None else names[index] for index in sorted(indices)]
    found = {"images": identity(source), "examples": len(source), "exclude": exclude}
    files.write(Path(path), json.dumps(found, indent=1) + "\n")


def read(path: str | os.PathLike[str], source: Source) -> list[int]:
    """Returns the indices of the examples of a source that a list excludes, in the list's order.

    Raises:
      DataError: if the list is missing, unfit, or of other images.
    """
    where, found = shown(path), _parse(path)
    if found["examples"] != len(source) or found["images"] != identity(source):
        raise DataError(
            f"{where} was made from other images ({found['examples']} examples, and here are "
            f"{len(source)}): run `deduplicate` on these, and name its list"
        )
    names = getattr(source, "files", None) or ()
    place = {name: index for index, name in enumerate(names)}
    indices = [
        place.get(entry, -1) if isinstance(entry, str) else entry for entry in found["exclude"]
    ]
    for entry, index in zip(found["exclude"], indices, strict=True):
        if type(index) is not int or not 0 <= index < len(source):
            raise DataError(
                f"{where} excludes {entry!r}, which is not one of the {len(source)} examples: "
                "remove it from the list"
            )
    return indices


def identity(source: Source) -> str:
    """Returns a digest of the images of a source, whatever their size and with or without labels.

    Raises:
      DataError: if the source has no files, and no images in memory either.
    """
    if isinstance(source, IDX):
        source = dataclasses.replace(source, labels=None, size=None)
    found = fingerprint(source)
    if isinstance(source, TFDS):  # whose fingerprint is the same for all splits
        return hashlib.sha256(f"{found} {source.split}".encode()).hexdigest()
    if found is None and isinstance(source, InMemory):
        image = np.ascontiguousarray(source.arrays["image"])
        return hashlib.sha256(
            f"{image.dtype} {image.shape} ".encode() + image.tobytes()
        ).hexdigest()
    if found is None:
        raise DataError(
            f"{type(source).__name__} has no files that would tell its images from others: "
            "give a source of files"
        )
    return found


def _parse(path: str | os.PathLike[str]) -> dict:
    """Returns the content of a list, whose fields have the right types."""
    where = shown(path)
    try:
        found = json.loads(files.read(path, MAX_BYTES))
    except FileNotFoundError as error:
        raise missing("exclude list", path) from error
    except OSError as error:
        raise DataError(f"{where} cannot be read ({error.strerror}): check the path") from error
    except (ValueError, RecursionError):
        found = None
    fields = {"images": str, "examples": int, "exclude": list}
    if not isinstance(found, dict) or any(
        not isinstance(found.get(name), kind) for name, kind in fields.items()
    ):
        raise DataError(
            f"{where} is not an exclude list: give a file that `deduplicate --exclude` has written"
        )
    return found

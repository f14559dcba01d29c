"""The manifest of packed data, which says what is in the shards beside it."""

import dataclasses
import functools
import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from gans_jax.core import files
from gans_jax.data.shards import MARK, TRAILER
from gans_jax.data.source import DataError, Example, Shape, missing, shown

NAME, PLAN = "manifest.json", "unfinished.json"  # PLAN names no shard, which are yet to be written
FORMAT, VERSION = "gans_jax packed data", 1
MAX_BYTES = 2**24
KINDS = "biuf"  # booleans, whole numbers and floats, by the letters of NumPy


@dataclasses.dataclass(frozen=True)
class Feature:
    """An array of each example.

    Attributes:
      name: its key, such as "image".
      dtype: its type as NumPy writes it with the order of bytes, such as "|u1" or "<i4".
      shape: its shape, the same in all examples.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """The bytes of the array."""
        return np.dtype(self.dtype).itemsize * math.prod(self.shape)


@dataclasses.dataclass(frozen=True)
class Written:
    """A shard that is whole.

    Attributes:
      length: bytes of the file.
      sha256: their digest.
    """

    length: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a packed set holds, and where it comes from.

    Attributes:
      features: the arrays of an example, in the order in which a record has their bytes.
      counts: the number of examples in each shard.
      margin: by how many pixels the images are larger than the source's size.
      has_truth: whether `b` of an example is the true translation of `a`.
      fingerprint: the digest of the files of the source; None if it has no files.
      configuration: the source, as a run's `config.json` has it.
      written: the shards; () before they are written.
    """

    features: tuple[Feature, ...]
    counts: tuple[int, ...]
    margin: int
    has_truth: bool
    fingerprint: str | None
    configuration: Any
    written: tuple[Written, ...] = ()

    @functools.cached_property
    def digest(self) -> str:
        """A digest of all that was known before a shard was written."""
        known = dataclasses.asdict(dataclasses.replace(self, written=()))
        return hashlib.sha256(json.dumps([VERSION, known], sort_keys=True).encode()).hexdigest()

    @functools.cached_property
    def record(self) -> int:
        """The bytes of a record."""
        return sum(feature.size for feature in self.features) + TRAILER

    def name(self, shard: int) -> str:
        """Returns the name of a shard's file."""
        return f"{shard:05d}-of-{len(self.counts):05d}.array_record"

    def mark(self, shard: int) -> bytes:
        """Returns what the records of a shard end in before their CRC-32."""
        return hashlib.sha256(f"{self.digest} {shard}".encode()).digest()[:MARK]

    def shapes(self) -> dict[str, Shape]:
        """Returns the shape of each image."""
        return {f.name: f.shape for f in self.features if len(f.shape) == 3}


def payload(features: tuple[Feature, ...], example: Example, index: int) -> bytes:
    """Returns the bytes of an example's arrays.

    Raises:
      DataError: if the example does not have these arrays.
    """
    arrays = {name: np.asarray(value) for name, value in example.items()}
    found = features_of(arrays)
    if found != features:
        has, first = (
            ", ".join(f"{f.name} {np.dtype(f.dtype)} {list(f.shape)}" for f in each)
            for each in (found, features)
        )
        raise DataError(
            f"example {index} has {has}, and example 0 has {first}: give the source a `size`, and "
            "all examples the same arrays"
        )
    return b"".join(arrays[feature.name].tobytes() for feature in features)


def features_of(example: Example) -> tuple[Feature, ...]:
    """Returns the features of an example, with its numbers in the order of little-endian bytes.

    Raises:
      DataError: if a value is anything but an array of numbers.
    """
    arrays = {name: np.asarray(value) for name, value in sorted(example.items())}
    for name, array in arrays.items():
        if array.dtype.kind not in KINDS or array.dtype.byteorder == ">":
            raise DataError(
                f"{name!r} is of type {array.dtype}, which cannot be packed: give numbers, such as "
                "uint8 images and int32 labels"
            )
    return tuple(Feature(name, array.dtype.str, array.shape) for name, array in arrays.items())


def write(folder: Path, manifest: Manifest, name: str = NAME) -> None:
    """Writes the manifest of a set whose shards are all there, or with the name PLAN before."""
    content = {"format": FORMAT, "version": VERSION} | dataclasses.asdict(manifest)
    files.write(folder / name, json.dumps(content, indent=1) + "\n")


def read(folder: Path, name: str = NAME) -> Manifest:
    """Returns the manifest of packed data, or with the name PLAN of what is being packed.

    Raises:
      DataError: if it is missing, unreadable, of another version, or not the manifest of a set.
    """
    path = folder / name
    try:
        found = json.loads(files.read(path, MAX_BYTES))
    except FileNotFoundError as error:
        remedy = "name a folder that `python -m gans_jax pack` has written to its end"
        raise missing("manifest", path, remedy) from error
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read ({error.strerror}): check it") from error
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.pop("format", None) != FORMAT:
        raise DataError(f"{shown(path)} is not a manifest of packed data: pack the source again")
    if (version := found.pop("version", None)) != VERSION:
        raise DataError(
            f"{shown(path)} is of version {version}, and this gans_jax reads version {VERSION}: "
            "pack the source again, or use the gans_jax that packed it"
        )
    try:
        return _checked(_parsed(found), 0 if name == PLAN else len(found["counts"]))
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(
            f"{shown(path)} is damaged ({reason}): copy it again, or run `pack` again"
        ) from error


def _parsed(found: dict[str, Any]) -> Manifest:
    features = tuple(
        Feature(str(f["name"]), np.dtype(f["dtype"]).str, tuple(map(int, f["shape"])))
        for f in found["features"]
    )
    written = tuple(Written(**shard) for shard in found["written"])
    parts = {"features": features, "counts": tuple(map(int, found["counts"])), "written": written}
    return Manifest(**found | parts)


def _checked(manifest: Manifest, written: int) -> Manifest:
    if not manifest.counts or min(manifest.counts) < 1:
        raise ValueError("a shard has no examples")
    if len(manifest.written) != written:
        raise ValueError("it does not name all shards")
    if any(
        np.dtype(f.dtype).kind not in KINDS or min(f.shape, default=1) < 1
        for f in manifest.features
    ):
        raise ValueError("an array is not of numbers")
    return manifest

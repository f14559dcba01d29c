"""Writes packed sets, shard after shard, so that a command that was stopped goes on."""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gans_jax.core import extras
from gans_jax.data import Packed, fingerprint, manifest
from gans_jax.data.manifest import Manifest, Written
from gans_jax.data.prefetch import Prefetched
from gans_jax.data.shards import OPTIONS, Shard, seal
from gans_jax.data.source import DataError, Source, shown
from gans_jax.runs import config, lock
from gans_jax.runs.lock import held
from gans_jax.runs.progress import Progress
from gans_jax.tools.pack.parts import margin_of, taken_apart

SHARD_BYTES = 2**28
MOST_SHARDS = 128  # as many files are open while a set is read
PART = ".part"
AHEAD = 8  # examples that wait for the writer, for each thread


def pack(
    source: Source,
    out: Path,
    margin: int | None = None,
    threads: int = 1,
    shard_bytes: int = SHARD_BYTES,
    title: str | None = None,
) -> Source:
    """Writes the examples of a source into a folder, and returns the source that reads them.

    A shard gets its name when it is whole, and the manifest comes last. A call that was stopped is
    repeated: shards that are whole are read through and kept, and others are written.

    Args:
      source: the source; for one that orders its examples itself, what `taken_apart` finds in it.
      out: the folder, which is made.
      margin: by how many pixels images are larger than the source's `size`; None for what the
        source's `augment` needs.
      threads: threads that decode.
      shard_bytes: bytes of a shard, about, unless there would be more than 128.
      title: what the progress is shown under; None shows nothing.

    Raises:
      DataError: if array_record is missing, the source cannot be packed, or the folder holds
        anything but a part of the same set.
      ConfigError: if another process packs into the folder, or the source's fields cannot be
        written.
    """
    if lack := extras.lack("array_record"):
        raise DataError(f"packing data {lack}")
    margin = margin_of(source) if margin is None else margin
    parts, rebuild = taken_apart(source, margin)
    origin = {
        "margin": margin,
        "fingerprint": fingerprint(source),
        "configuration": json.loads(config.to_json(source)),
        "has_truth": bool(getattr(source, "has_truth", False)),
    }
    packed = {}
    _refuse_others(out, parts)
    for name, part in parts.items():
        folder = out / name
        _write(part, folder, origin, threads, shard_bytes, title and f"{title} {name}".rstrip())
        packed[name] = Packed(str(folder))
    return rebuild(packed)


def _refuse_others(out: Path, parts: Iterable[str]) -> None:
    """Raises a DataError if a folder of several sets holds anything else."""
    others = {path.name for path in out.iterdir()} if out.exists() else set()
    if "" not in parts and (others := others - set(parts)):
        raise DataError(f"{shown(out)} already holds {shown(min(others))}: name a new folder")


@dataclasses.dataclass(frozen=True)
class _Set:
    """A set that is being written.

    Attributes:
      source: the source of its examples.
      folder: where its files go.
      planned: its manifest, as far as it is known before the first shard.
      known: what an earlier manifest says of the shards, if the set was whole once.
      threads: threads that decode.
      progress: counts the examples.
    """

    source: Source
    folder: Path
    planned: Manifest
    known: tuple[Written, ...]
    threads: int
    progress: Progress

    def shard(self, number: int) -> Written:
        """Returns what the manifest says of a shard, which is written unless it is whole."""
        path = self.folder / self.planned.name(number)
        if path.exists():
            with contextlib.suppress(DataError):
                found = self._read_through(path, number)
                if not self.known or found == self.known[number]:
                    self.progress.update(self.planned.counts[number])
                    return found
        part = path.with_name(f".{path.name}{PART}")
        try:
            self._fill(part, number)
            found = self._read_through(part, number)
            with open(part, "rb") as file:
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return found

    def _fill(self, path: Path, number: int) -> None:
        from array_record.python import array_record_module

        mark, features = self.planned.mark(number), self.planned.features
        start = sum(self.planned.counts[:number])
        indices = range(start, start + self.planned.counts[number])
        read = Prefetched(self.source.__getitem__, indices, self.threads, AHEAD * self.threads)
        with contextlib.closing(read):
            try:
                writer = array_record_module.ArrayRecordWriter(str(path), OPTIONS)
                for index, example in zip(indices, read, strict=True):
                    writer.write(seal(manifest.payload(features, example, index), mark))
                    self.progress.update()
                writer.close()
            except RuntimeError as error:  # array_record has no other
                reason = str(error).partition(";")[0]
                raise DataError(f"{shown(path)} cannot be written: {reason}") from error

    def _read_through(self, path: Path, number: int) -> Written:
        """Returns what the manifest says of a file; DataError if a record is damaged."""
        length = path.stat().st_size
        shard = Shard(path, self.planned.record, length, self.planned.mark(number))
        record = memoryview(bytearray(self.planned.record))
        for place in range(self.planned.counts[number]):
            shard.read(place, [record])
        if _records(path) != self.planned.counts[number]:
            raise DataError(f"{shown(path)} is cut off behind its records: pack the source again")
        with open(path, "rb") as file:
            return Written(length, hashlib.file_digest(file, "sha256").hexdigest())


def _records(path: Path) -> int:
    """Returns how many records other readers of the format find, by what stands behind them."""
    from array_record.python import array_record_module

    try:
        reader = array_record_module.ArrayRecordReader(str(path))
        found = int(reader.num_records())
        reader.close()
    except RuntimeError:  # array_record has no other
        return 0
    return found


def _write(
    source: Source,
    folder: Path,
    origin: dict[str, Any],
    threads: int,
    shard_bytes: int,
    title: str | None,
) -> None:
    """Writes one set, or what is missing of it."""
    planned = _planned(source, origin, shard_bytes)
    _refuse_foreign(folder, planned)
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(held(folder))
        except config.ConfigError as error:
            raise DataError(f"another process packs into {shown(folder)}: wait for it") from error
        for stale in folder.glob(f".*{PART}"):
            stale.unlink()
        manifest.write(folder, planned, manifest.PLAN)
        known = manifest.read(folder).written if (folder / manifest.NAME).exists() else ()
        progress = stack.enter_context(Progress(title, len(source)))
        packing = _Set(source, folder, planned, known, threads, progress)
        written = tuple(packing.shard(number) for number in range(len(planned.counts)))
        manifest.write(folder, dataclasses.replace(planned, written=written))
        (folder / manifest.PLAN).unlink(missing_ok=True)


def _planned(source: Source, origin: dict[str, Any], shard_bytes: int) -> Manifest:
    """Returns the manifest of a set before its shards are written."""
    features = manifest.features_of(source[0])
    total = len(source)
    size = sum(feature.size for feature in features)
    shards = min(MOST_SHARDS, max(1, round(total * size / shard_bytes)), total)
    ends = [total * k // shards for k in range(shards + 1)]
    counts = tuple(end - start for start, end in itertools.pairwise(ends))
    return Manifest(features, counts, **origin)


def _refuse_foreign(folder: Path, planned: Manifest) -> None:
    """Raises a DataError if a folder holds anything but a part of the set."""
    names = {path.name for path in folder.iterdir()} - {lock.NAME} if folder.exists() else set()
    where, begun = shown(folder), names & {manifest.NAME, manifest.PLAN}
    if any(manifest.read(folder, name).digest != planned.digest for name in begun):
        raise DataError(
            f"{where} holds what was packed from another source, or with another margin: name a "
            "new folder, or remove it"
        )
    shards = {planned.name(number) for number in range(len(planned.counts))} if begun else set()
    if others := {name for name in names - shards - begun if not name.endswith(PART)}:
        raise DataError(f"{where} already holds {shown(min(others))}: name a new folder")

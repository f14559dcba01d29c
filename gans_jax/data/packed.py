"""Examples that the command `pack` has decoded and written once."""

import dataclasses
import functools
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from gans_jax.data import fetched, manifest
from gans_jax.data.manifest import Manifest
from gans_jax.data.shards import TRAILER, Shard
from gans_jax.data.source import Example, Shape


@dataclasses.dataclass(frozen=True)
class Packed:
    """The examples that `python -m gans_jax pack SOURCE OUT` has written, in the source's order.

    A stream of it has the same batches, to the bit, as a stream of what was packed. Nothing is
    decoded, and a record is found by its number, so that no index is in memory. Each record is
    compared with its CRC-32 when a process reads it for the first time.

    Examples: the arrays of the source's examples. Images are larger by the margin that was asked
    for; `RandomCrop` cuts it off.

    Attributes:
      path: the folder OUT, or its address in an object store, which is then copied to this machine.

    Raises (at first use):
      DataError: if the folder or its manifest is missing or of another version, or a shard is
        missing, cut off, damaged or of another set.
    """

    path: str

    @functools.cached_property
    def manifest(self) -> Manifest:
        """What the set holds, and where it comes from."""
        return manifest.read(Path(self._root))

    @functools.cached_property
    def _root(self) -> str:
        """The folder on this machine."""
        return fetched.local(self.path)

    @functools.cached_property
    def _shards(self) -> tuple[Shard, ...]:
        found, root = self.manifest, Path(self._root)
        return tuple(
            Shard(root / found.name(k), found.record, shard.length, found.mark(k))
            for k, shard in enumerate(found.written)
        )

    @functools.cached_property
    def _ends(self) -> np.ndarray:
        """The number of examples up to the end of each shard."""
        return np.cumsum(self.manifest.counts)

    @functools.cached_property
    def _starts(self) -> np.ndarray:
        """The number of examples before each shard."""
        return self._ends - np.array(self.manifest.counts)

    def __getstate__(self) -> dict[str, Any]:
        # Open files do not go to another process, which reads the same copy of an address.
        return {"path": self.path, "_root": self._root}

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> Example:
        batch = self.batch(np.array([range(len(self))[index]]))
        return {name: np.array(values[0]) for name, values in batch.items()}

    def batch(self, indices: np.ndarray) -> Example:
        """Returns the examples at `indices`, stacked along a new first axis."""
        features, shards = self.manifest.features, self._shards
        numbers = np.searchsorted(self._ends, indices, side="right")
        places = indices - self._starts[numbers]
        sizes = [*(feature.size for feature in features), TRAILER]
        arrays = [np.empty(len(indices) * size, np.uint8) for size in sizes]
        buffers = [(array.data, size) for array, size in zip(arrays, sizes, strict=True)]
        for row, (number, place) in enumerate(zip(numbers.tolist(), places.tolist(), strict=True)):
            parts = [buffer[row * size : (row + 1) * size] for buffer, size in buffers]
            shards[number].read(place, parts)
        return {
            feature.name: array.view(feature.dtype).reshape(-1, *feature.shape)
            for feature, array in zip(features, arrays, strict=False)
        }

    def shapes(self) -> dict[str, Shape]:
        return self.manifest.shapes()

    def fingerprint(self) -> str:
        """Returns a digest of the manifest, which has a digest of every shard."""
        found = self.manifest
        parts = [found.digest, *(shard.sha256 for shard in found.written)]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()

    @property
    def has_truth(self) -> bool:
        """Whether `source[i]` is a true pair."""
        return self.manifest.has_truth

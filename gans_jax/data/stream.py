"""Batches as a function of the iteration: nothing about data order needs saving."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from gans_jax.data.source import DataError, Source, gather, permutation, stack


@dataclasses.dataclass(frozen=True)
class Stream:
    """Endless batches of shuffled examples; `stream` builds it and checks its arguments.

    `stream[t]` is the batch of iteration t, a pure function of `seed` and t. The examples run
    through a new permutation of the source in every epoch, and epochs continue across the borders
    of batches, so that none is lost or doubled; a source with `draw` keeps its own order, in which
    an epoch is `len(source)` examples. `rows` is the part of each global batch that
    this process loads.
    """

    source: Source
    batch_size: int
    seed: int
    method: Any
    rows: range

    def __getitem__(self, t: int) -> dict[str, np.ndarray]:
        """The batch of iteration t: arrays [n, ...], or [k, n, ...] where `method` asks for k."""
        if t < 0:
            raise IndexError(f"there is no iteration {t}: iterations count from 0")
        if self.method is None or self.method.batch_axis == 0:
            return self._examples(self._positions(t))
        taken = self.method.minibatches(t)
        batch = self._examples(np.concatenate([self._positions(m) for m in taken]))
        shape = len(taken), len(self.rows)
        return {name: v.reshape(*shape, *v.shape[1:]) for name, v in batch.items()}

    def prefetch(
        self, start: int, stop: int, threads: int = 2, buffer: int = 4
    ) -> Iterator[dict[str, np.ndarray]]:
        """`stream[t]` for t in range(start, stop), in order, loaded ahead by background threads.

        At most `buffer` batches wait in memory. An error surfaces at the batch that it belongs to.
        """
        import grain  # takes over a second, and is needed only here

        options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=buffer)
        iterations = grain.MapDataset.range(start, stop)
        return iter(iterations.map(self.__getitem__).to_iter_dataset(options))

    def _positions(self, minibatch: int) -> np.ndarray:
        """Where this process's examples of a minibatch lie in the endless order."""
        return minibatch * self.batch_size + np.array(self.rows)

    def _examples(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        if hasattr(self.source, "draw"):
            return stack([self.source.draw(self.seed, int(position)) for position in positions])
        epochs, offsets = np.divmod(positions, len(self.source))
        indices = [
            permutation(len(self.source), self.seed, int(epoch))[offsets[epochs == epoch]]
            for epoch in np.unique(epochs)
        ]
        return gather(self.source, np.concatenate(indices))


def stream(
    source: Source,
    batch_size: int,
    seed: int = 0,
    method: Any = None,
    shard: tuple[int, int] = (0, 1),
) -> Stream:
    """The stream of `source` in global batches of `batch_size`, for training `method`.

    With `method.batch_axis == 1` the batch of iteration t is [k, n, ...]: the minibatches whose
    numbers `method.minibatches(t)` gives.
    `shard` is (index, count) of this process, which gets its contiguous rows of each batch, so
    that the processes' batches in a row are the global batch.

    Raises:
      DataError: if the source is smaller than a batch, or the shards do not divide the batch.
    """
    index, count = shard
    if not 0 <= index < count:
        raise DataError(f"shard {index} of {count} does not exist: count shards from 0")
    if batch_size < 1 or batch_size % count:
        raise DataError(
            f"batch_size {batch_size} does not divide into {count} shards: "
            f"choose a positive multiple of {count}"
        )
    if len(source) < batch_size:
        raise DataError(
            f"the source has {len(source)} examples, fewer than batch_size {batch_size}: "
            "lower batch_size or add examples"
        )
    rows = batch_size // count
    return Stream(source, batch_size, seed, method, range(index * rows, (index + 1) * rows))

"""Batches as a function of the iteration: nothing about data order needs saving."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from gans_jax import core
from gans_jax.data.order import all_shuffled
from gans_jax.data.prefetch import Prefetched
from gans_jax.data.source import DataError, Drawn, Example, Source, drawn, gather


@dataclasses.dataclass(frozen=True)
class Stream:
    """Endless batches of shuffled examples; the function `stream` makes one and checks it.

    `stream[t]` is the batch of iteration t, a pure function of `seed` and t. Every epoch is a new
    permutation of the source, and a batch may span two epochs, so that no example is lost or
    doubled. A source with `draw` orders its examples itself; `len(source)` of them are an epoch.

    Attributes:
      source: the source of the examples.
      batch_size: examples in a minibatch, over all processes.
      seed: of the order and of the random changes of the examples.
      method: the method to train, which says how many minibatches an iteration takes; None for one.
      rows: the rows of each minibatch that this process loads.
    """

    source: Source
    batch_size: int
    seed: int
    method: core.Method | None
    rows: range

    def __getitem__(self, t: int) -> Example:
        """Returns the batch of iteration t: [n, ...], or [k, n, ...] with `method.batch_axis` 1."""
        positions = self._positions(t)
        if isinstance(self.source, Drawn):
            batch = drawn(self.source, self.seed, positions.ravel())
        else:
            batch = gather(
                self.source, all_shuffled(len(self.source), self.seed, positions.ravel())
            )
        return {name: v.reshape(*positions.shape, *v.shape[1:]) for name, v in batch.items()}

    def indices(self, t: int) -> np.ndarray:
        """Returns which examples of the source are in the batch of iteration t: [n], or [k, n].

        Raises:
          DataError: if the source draws its examples at random.
        """
        refuse_drawn(self.source)
        positions = self._positions(t)
        indices = all_shuffled(len(self.source), self.seed, positions.ravel())
        return indices.reshape(positions.shape)

    def prefetch(
        self, start: int, stop: int, threads: int = 2, buffer: int = 4
    ) -> Iterator[Example]:
        """Yields `stream[t]` for t in range(start, stop), loaded ahead by background threads.

        At most `buffer` batches wait in memory. An error is raised in the place of its batch.
        """
        return Prefetched(self.__getitem__, range(start, stop), threads, buffer)

    def _positions(self, t: int) -> np.ndarray:
        """Returns the places in the endless order of this process's rows of iteration t."""
        if t < 0:
            raise IndexError(f"{t} is not an iteration: iterations count from 0")
        rows = np.array(self.rows)
        if self.method is None or self.method.batch_axis == 0:
            return t * self.batch_size + rows
        return np.array(self.method.minibatches(t))[:, None] * self.batch_size + rows


def refuse_drawn(source: Source) -> None:
    """Raises DataError if a source draws its examples at random, so that none has an index."""
    if isinstance(source, Drawn):
        raise DataError(
            f"data.{type(source).__name__} draws its examples at random, so that they cannot stay "
            "in device memory: leave them on the host, as `--data-on-device auto` does"
        )


def stream(
    source: Source,
    batch_size: int,
    seed: int = 0,
    method: core.Method | None = None,
    shard: tuple[int, int] = (0, 1),
) -> Stream:
    """Returns the stream of a source in minibatches, for training a method.

    With `method.batch_axis == 1` the batch of iteration t is [k, n, ...]: the minibatches whose
    numbers `method.minibatches(t)` gives.
    `shard` is (index, count) of this process, which gets its contiguous rows of each batch, so
    that the processes' batches in a row are the global batch.

    Raises:
      DataError: if the source is smaller than a minibatch, or the shards do not divide it.
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

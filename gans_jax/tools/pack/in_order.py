"""A source that is only read from its first example to its last, by number."""

import threading
from collections.abc import Iterator

from gans_jax.data import TFDS
from gans_jax.data.source import Example, Source

NEAR = 1000  # so many examples are passed over rather than skipped


class InOrder:
    """A dataset in tfrecord files, for threads that ask for its examples nearly in order.

    Args:
      dataset: the dataset.
    """

    def __init__(self, dataset: TFDS) -> None:
        self._dataset, self._lock = dataset, threading.Lock()
        self._next, self._passed = 0, dict[int, Example]()
        self._rest: Iterator[Example] = iter(())
        self._begin(0)

    def __len__(self) -> int:
        return self._dataset.num_in_order()

    def __getitem__(self, index: int) -> Example:
        with self._lock:
            if index in self._passed:
                return self._passed.pop(index)
            if not self._next <= index < self._next + NEAR:
                self._begin(index)
            for passed in range(self._next, index):
                self._passed[passed] = self._read()
            return self._read()

    def _begin(self, index: int) -> None:
        self._next, self._rest = index, self._dataset.in_order(index)
        self._passed.clear()

    def _read(self) -> Example:
        self._next += 1
        return next(self._rest)


def readable(source: Source) -> Source:
    """Returns a source that can be read from its first example to its last."""
    if isinstance(source, TFDS) and source.lacks_random_access():
        return InOrder(source)
    return source

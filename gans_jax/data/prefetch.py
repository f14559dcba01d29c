"""Values that threads compute ahead of their reader, who never has to wait for a thread."""

import collections
import contextlib
import os
import queue
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from typing import Generic, Self, TypeAlias, TypeVar

from gans_jax.data.source import DataError

A = TypeVar("A")
T = TypeVar("T")
# The cores that this process may use.
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# None tells a thread to end.
_Tasks: TypeAlias = queue.SimpleQueue[tuple[Future[T], A] | None]


class Prefetched(Iterator[T], Generic[A, T]):
    """`function(argument)` of each argument in turn, computed ahead by background threads.

    At most `buffer` values wait in memory. An error is raised in the place of its value. The
    threads end once the iterator is closed or forgotten. They are daemons, so that a function that
    does not return keeps no program from ending.
    """

    def __init__(
        self, function: Callable[[A], T], arguments: Iterable[A], threads: int, buffer: int
    ) -> None:
        self._arguments = iter(arguments)
        self._ahead: collections.deque[Future[T]] = collections.deque()
        self._tasks: _Tasks[T, A] = queue.SimpleQueue()
        self.close = weakref.finalize(self, _end, self._tasks, threads)
        for _ in range(threads):
            threading.Thread(target=_work, args=(function, self._tasks), daemon=True).start()
        for _ in range(buffer):
            self._begin_next()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        if not self._ahead:
            raise StopIteration
        future = self._ahead.popleft()
        self._begin_next()
        return future.result()

    def ready(self, timeout: float) -> bool:
        """Waits so many seconds at most, and returns whether the next value need not be awaited."""
        return not wait([*self._ahead][:1], timeout).not_done

    def _begin_next(self) -> None:
        for argument in self._arguments:
            self._ahead.append(Future())
            self._tasks.put((self._ahead[-1], argument))
            break


def _work(function: Callable[[A], T], tasks: _Tasks[T, A]) -> None:
    while task := tasks.get():
        future, argument = task
        try:
            future.set_result(function(argument))
        except BaseException as error:
            future.set_exception(_as_error(error))


def _as_error(raised: BaseException) -> BaseException:
    """Returns what the reader gets, whom SystemExit and StopIteration would end without a word."""
    if isinstance(raised, Exception) and not isinstance(raised, StopIteration):
        return raised
    error = DataError(f"reading the data raised {raised!r}: raise a DataError there instead")
    error.__cause__ = raised
    return error


def _end(tasks: _Tasks[T, A], threads: int) -> None:
    # A thread may take the last one meanwhile.
    with contextlib.suppress(queue.Empty):
        while True:
            tasks.get_nowait()
    for _ in range(threads):
        tasks.put(None)

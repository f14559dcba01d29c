"""Processes that read batches, since one process runs Python's own code in one thread at a time."""

import dataclasses
import multiprocessing
import queue
import signal
import weakref
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from gans_jax.data.skipping import BadExample
from gans_jax.data.source import DataError, Example
from gans_jax.data.stream import Stream

# A fork of a process with threads, which jax has, may hang.
_CONTEXT: Any = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)
REMEDY = (
    "put classes of your own into a module that can be imported, let a script of your own begin "
    'its work below `if __name__ == "__main__":`, or leave out --data-workers'
)


class Workers:
    """Reads the batches of streams in processes of its own, which end with it or with this process.

    A batch is the same whichever process reads it. Each process takes about a second to start, and
    180 MB of memory, because it imports jax (on an AMD EPYC). A batch as large as the first one
    comes back in memory that both processes share, a larger one through a pipe.

    Args:
      streams: the streams, whose sources must be picklable.
      num: the number of processes.

    Raises:
      DataError: if the streams cannot be sent to other processes.
    """

    def __init__(self, streams: Sequence[Stream], num: int) -> None:
        size = sum(values.nbytes for values in streams[0][0].values())
        self._idle: queue.SimpleQueue[tuple[Connection, Any]] = queue.SimpleQueue()
        processes: list[Any] = []
        for _ in range(num):
            here, there = _CONTEXT.Pipe()
            shared = _CONTEXT.RawArray("B", size)
            arguments = there, shared, [*streams]
            process = _CONTEXT.Process(target=_work, args=arguments, daemon=True)
            try:
                process.start()
            except Exception as error:  # a class may raise anything when it is to be sent
                _end(processes)
                raise DataError(
                    f"the source cannot be sent to other processes ({error}): {REMEDY}"
                ) from error
            processes.append(process)
            there.close()  # so that `recv` ends when the process does
            self._idle.put((here, shared))
        self.close = weakref.finalize(self, _end, processes)

    def read(self, number: int, t: int) -> Example:
        """Returns the batch of iteration t of a stream; several threads may call it at once.

        Raises:
          DataError: if a process cannot begin, or ends.
          Exception: whatever the source raises.
        """
        connection, shared = self._idle.get()
        try:
            connection.send((number, t))
            error, batch = connection.recv()
            if isinstance(batch, list):
                batch = {name: view(shared).copy() for name, view in batch}
        except (EOFError, OSError) as lost:
            raise DataError(
                "a process that reads data has ended, for which its own message or the system's "
                f"log says why: give it memory; {REMEDY}"
            ) from lost
        finally:
            self._idle.put((connection, shared))
        if error is not None:
            raise error
        return dict(batch)


@dataclasses.dataclass(frozen=True)
class _View:
    """Where in shared memory an array is."""

    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int

    def __call__(self, shared: Any) -> np.ndarray:
        return np.ndarray(self.shape, self.dtype, shared, self.offset)


def _work(connection: Connection, shared: Any, streams: list[Stream]) -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_IGN)  # the run ends after its iteration
    while True:
        try:
            number, t = connection.recv()
        except EOFError:  # the run has ended
            return
        failed, batch = _answer(streams, number, t)
        connection.send((failed, batch if batch is None else _shared(batch, shared)))


def _answer(streams: list[Stream], number: int, t: int) -> tuple[Exception | None, Example | None]:
    try:
        return None, streams[number][t]
    except Exception as error:
        # A class of another package may need more than its message to be made again.
        known = type(error) in (DataError, BadExample) or type(error).__module__ == "builtins"
        return error if known else DataError(f"reading the data raised {error!r}"), None


def _shared(batch: Example, shared: Any) -> Example | list[tuple[str, _View]]:
    """Moves a batch into shared memory and returns where its arrays are; itself if it is larger."""
    ends = np.cumsum([values.nbytes for values in batch.values()]).tolist()
    if ends[-1] > len(shared):
        return batch
    views = []
    for (name, values), end in zip(batch.items(), ends, strict=True):
        views.append((name, _View(values.dtype, values.shape, end - values.nbytes)))
        views[-1][1](shared)[...] = values
    return views


def _end(processes: Sequence[Any]) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        process.join()

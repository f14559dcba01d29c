"""An object store in the memory of the test, whose requests can be made to fail."""

import asyncio
import contextlib

from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.memory import MemoryFileSystem

REQUESTS = ("cat_file", "find", "get_file", "pipe_file", "put_file", "rm_file")


class Failing:
    """Makes requests of the store in memory raise errors; `calls` has what was asked.

    `fails(request, path)` returns the error of a request, None for none.
    """

    def __init__(self, fails):
        self.fails, self.calls = fails, []

    def wrapped(self, request):
        original = getattr(MemoryFileSystem, request)

        def call(system, *arguments, **options):
            path = arguments[1] if request in ("get_file", "put_file") else arguments[0]
            path = arguments[0] if request == "get_file" else path
            self.calls.append((request, path))
            if error := self.fails(request, path):
                raise error
            return original(system, *arguments, **options)

        return call


@contextlib.contextmanager
def failing(monkeypatch, fails):
    """Yields the record of the requests, which fail in the block as `fails` says."""
    found = Failing(fails)
    with monkeypatch.context() as patch:
        for request in REQUESTS:
            patch.setattr(MemoryFileSystem, request, found.wrapped(request))
        yield found


class SilentFrom:
    """Is silent from the first request on whose path has a part in it."""

    def __init__(self, part):
        self.part, self.silent = part, False

    def __call__(self, request, path):
        self.silent = self.silent or self.part in path
        return TimeoutError("no answer") if self.silent else None


class Clock:
    """Stands for the module `time`: its time passes in `sleep` alone, at once."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.now += seconds
        self.slept.append(seconds)


class Silent(AsyncFileSystem):
    """A store that takes requests and answers too late, as fsspec's libraries of stores ask one."""

    protocol = "silent"

    async def _wait(self, *arguments, **options):
        await asyncio.sleep(5)  # a test that waits for it fails
        return b""

    _cat_file = _pipe_file = _put_file = _rm_file = _wait

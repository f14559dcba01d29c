"""A profiler's trace of some iterations."""

import contextlib
from pathlib import Path
from typing import Any

import jax


class Trace(contextlib.ExitStack):
    """Traces the dispatches, of `repeat` iterations each, with iterations `first` to `first + 3`.

    A context manager. Where `first` is None it traces nothing.
    """

    def __init__(self, first: int | None, directory: Path, repeat: int) -> None:
        super().__init__()
        self._wanted = range(0) if first is None else range(first - repeat + 1, first + 4)
        self._directory, self._on = directory, False

    def before(self, t: int, state: Any) -> None:
        """Begins or ends the trace before iteration t, once the state before it is ready."""
        if (t in self._wanted) == self._on:
            return
        jax.block_until_ready(state)
        self._on = not self._on
        if self._on:
            self.enter_context(jax.profiler.trace(self._directory))
        else:
            self.close()

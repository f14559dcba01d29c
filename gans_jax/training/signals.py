"""Signals that end a run after the current iteration."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM (`number`) ended the run, after its state was saved."""

    def __init__(self, number: int, done: int, workdir: Path) -> None:
        super().__init__(
            f"stopped after iteration {done}, whose state is saved: "
            f"continue with `python -m gans_jax resume {workdir}`"
        )
        self.number = number


@contextlib.contextmanager
def collected() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM, so that an iteration is finished; the second acts as usual."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread may set handlers
        return

    def note(number: int, frame: Any) -> None:
        received.append(number)
        restore()
        # Not print, which fails if the signal interrupts another print.
        os.write(2, b"\nfinishing this iteration and saving; once more to quit at once\n")

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        restore()

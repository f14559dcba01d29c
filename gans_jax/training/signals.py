"""Signals that end a run after the current iteration."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SIGHUP: int | None = getattr(signal, "SIGHUP", None)  # from a closed terminal; Windows has none
ENDING = [number for number in (signal.SIGINT, signal.SIGTERM, SIGHUP) if number is not None]


class Interrupted(KeyboardInterrupt):
    """A signal (`number`) ended the run, after its state was saved."""

    def __init__(self, number: int, done: int, workdir: Path) -> None:
        where = f"after iteration {done}, whose state is saved" if done else "before iteration 1"
        super().__init__(f"stopped {where}: continue with `python -m gans_jax resume {workdir}`")
        self.number = number


@contextlib.contextmanager
def collected() -> Iterator[list[int]]:
    """Collects SIGINT, SIGTERM and SIGHUP, so that an iteration is finished.

    The second signal acts as usual. A SIGHUP that is ignored, as under `nohup`, stays ignored.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread may set handlers
        return

    def note(number: int, frame: Any) -> None:
        received.append(number)
        restore()
        # Not print, which fails if the signal interrupts another print.
        with contextlib.suppress(OSError):
            os.write(2, b"\nfinishing this iteration and saving; once more to quit at once\n")

    def restore() -> None:
        for number, handler in before.items():
            # Python knows nothing (None) of a handler that C code has set.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    before: dict[int, Any] = {number: signal.getsignal(number) for number in ENDING}
    if SIGHUP is not None and before[SIGHUP] is signal.SIG_IGN:
        del before[SIGHUP]
    for number in before:
        signal.signal(number, note)
    try:
        yield received
    finally:
        restore()

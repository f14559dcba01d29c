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


# A Ctrl-C before the loop, whose KeyboardInterrupt a callback of a library may have swallowed.
_early: list[int] = []


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Remembers in the block a SIGINT, so that `collected` obeys one that has had no effect.

    jax has callbacks of the garbage collector, in which Python drops every exception.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # it is ignored, or somebody else's
        return

    def note(number: int, frame: Any) -> None:
        _early.append(number)
        raise KeyboardInterrupt

    _early.clear()
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread:
        signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        _early.clear()


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
    received = list(_early)
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

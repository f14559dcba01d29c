"""Standard output and standard error that end nothing when their reader has gone."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, TextIO


class Unfailing:
    """A text stream that drops what its own stream cannot take.

    It stands for a stream whose reader has gone, whose disk is full, which is closed, or which is
    None, as `sys.stderr` is where the descriptor was closed. A character that the encoding lacks is
    written as its escape, such as `\\xb1`.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream: Any = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def isatty(self) -> bool:
        with contextlib.suppress(AttributeError, ValueError):  # ValueError: it is closed
            return bool(self._stream.isatty())
        return False

    def write(self, text: str) -> int:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            try:
                self._stream.write(text)
            except UnicodeEncodeError as error:
                escaped = text.encode(error.encoding, "backslashreplace")
                self._stream.write(escaped.decode(error.encoding))
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            self._stream.flush()


@contextlib.contextmanager
def unfailing() -> Iterator[None]:
    """Lets the standard streams of this process drop, in the block, what they cannot take.

    Descriptors 0 to 2 that are closed are opened on the null device, so that no file of a run gets
    the number that messages are written to.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    out, err = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Unfailing(out), Unfailing(err)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err
        _settle(out)
        _settle(err)


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Lets a warning of this package be its sentence alone, without a line of the program."""
    before, package = warnings.formatwarning, os.path.dirname(os.path.dirname(__file__))

    def plain(message: Any, category: type[Warning], filename: str, *rest: Any) -> str:
        ours = filename.startswith(package + os.sep) or category.__module__.startswith("gans_jax.")
        return f"warning: {message}\n" if ours else before(message, category, filename, *rest)

    warnings.formatwarning = plain  # type: ignore[assignment]
    try:
        yield
    finally:
        warnings.formatwarning = before


def _settle(stream: TextIO | None) -> None:
    """Flushes a stream, and empties it into the null device where that fails.

    The interpreter flushes its streams when it ends, and ends with code 120 if that fails.
    """
    if stream is None or getattr(stream, "closed", True):
        return
    try:
        stream.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def counted(number: int, noun: str) -> str:
    """Returns a number and what it counts, such as "1 image" or "1,000 images"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"

"""Orbax as it should be: silent where it also raises, and clear about the system's errors."""

import asyncio
import errno
import logging
import os
import sys
from pathlib import Path
from typing import Any

from gans_jax.core import files

# With these, files that are whole cannot be read. They say nothing about what the files hold.
_CODES = (
    *(errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
    *(errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT, errno.ENXIO, errno.ENODEV),
)
_ASYNCIO = str(Path(asyncio.__file__).parent)
# Each is in the messages of one kind of thread; asyncio names the file that defines a task.
_THREADS = ("_SignalingThread", "tensorstore", "orbax/checkpoint/_src")


def failure(error: BaseException, codes: tuple[int, ...] = _CODES) -> str | None:
    """Returns the system's words for the error beneath this one, None if there is none.

    Tensorstore puts them into the text of a ValueError.
    """
    words = [os.strerror(code) for code in codes]
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.errno in codes:
            return os.strerror(found.errno)
        for each in words:
            if each in str(found):
                return each
        found = found.__cause__ or found.__context__
    return None


def first_words(error: BaseException) -> str:
    """Returns the system's words for an error, or the beginning of its own."""
    if isinstance(error, OSError) and error.strerror:
        name = f"{Path(os.fsdecode(error.filename)).name}: " if error.filename else ""
        return f"{name}{error.strerror}"
    words = failure(error, tuple(errno.errorcode))
    return words or (str(error).splitlines() or [type(error).__name__])[0][:200]


def check_files(folder: Path) -> None:
    """Raises OSError unless all that a folder holds, at any depth, are files that can be opened."""
    for root, folders, names in os.walk(folder, onerror=_raise):
        for name in folders:
            if Path(root, name).is_symlink():
                raise files.UnfitFile(
                    errno.ELOOP, "it is a link to a folder", str(Path(root, name))
                )
        for name in names:
            with files.open_regular(Path(root, name)):
                pass


def _raise(error: OSError) -> None:
    raise error


def silence() -> None:
    """Keeps the threads of orbax and tensorstore from printing the errors that are also raised.

    They outlive such an error, so that this lasts.
    """
    for name in ("absl", "asyncio"):
        logging.getLogger(name).addFilter(_is_not_of_a_thread)
    before = sys.unraisablehook
    if getattr(before, "drops_errors_of_asyncio", False):
        return

    def hook(unraisable: Any) -> None:
        trace = unraisable.exc_traceback
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is None or not trace.tb_frame.f_code.co_filename.startswith(_ASYNCIO):
            before(unraisable)

    hook.drops_errors_of_asyncio = True  # type: ignore[attr-defined]
    sys.unraisablehook = hook


def _is_not_of_a_thread(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    return not any(name in message for name in _THREADS)

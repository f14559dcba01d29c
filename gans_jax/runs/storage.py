"""Orbax as it should be: silent where it also raises, and clear about the system's errors."""

import asyncio
import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gans_jax.core import files

# With these, files that are whole cannot be read. They say nothing about what the files hold.
_CODES = (
    *(errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
    *(errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT, errno.ENXIO, errno.ENODEV),
)
_ASYNCIO = str(Path(asyncio.__file__).parent)


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


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps orbax and its threads from printing the errors that the block also raises."""
    logging.getLogger("absl").addFilter(_is_not_of_a_thread)
    try:
        yield
    except BaseException:
        _drop_late_errors()
        raise


def _is_not_of_a_thread(record: logging.LogRecord) -> bool:
    return "_SignalingThread" not in record.getMessage()


def _drop_late_errors() -> None:
    """Keeps tensorstore's threads, which outlive an error, from saying that its loop is closed."""
    before = sys.unraisablehook
    if getattr(before, "drops_late_errors", False):
        return

    def hook(unraisable: Any) -> None:
        trace = unraisable.exc_traceback
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is None or not trace.tb_frame.f_code.co_filename.startswith(_ASYNCIO):
            before(unraisable)

    hook.drops_late_errors = True  # type: ignore[attr-defined]
    sys.unraisablehook = hook

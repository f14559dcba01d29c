"""Files that are read within bounds, and written as a whole or not at all."""

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


class UnfitFile(OSError):
    """A path that leads to something else than a regular file, or to more bytes than allowed."""


def write(path: Path, content: str | bytes) -> None:
    """Writes a file, so that no reader and no crash ever meets half of it; text is UTF-8.

    The content first goes into a hidden file in the same folder. Once that is on the disk, it takes
    the place of `path`. An OSError names `path`, and leaves neither the hidden file nor a change of
    `path` behind. A device or a pipe, such as `/dev/stdout`, is not replaced but written to.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        # Without this flag, to open a pipe that nobody reads would wait for a reader.
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
        os.set_blocking(descriptor, True)
        with open(descriptor, "wb") as file:
            file.write(data)
        return
    beside = path.with_name(f".{os.getpid()}.{threading.get_ident()}.part")
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def read(path: str | os.PathLike[str], limit: int) -> bytes:
    """Returns the content of a regular file of at most `limit` bytes.

    Raises:
      UnfitFile: if the path leads to a device, a pipe or a folder, or to more bytes.
      OSError: if the file cannot be read.
    """
    descriptor, size = _open_regular(path)
    try:
        # To read `limit` bytes would take that much memory, however small the file is.
        found = [os.read(descriptor, size + 1)] if size <= limit else []
        while found and found[-1] and sum(map(len, found)) <= limit:
            found.append(os.read(descriptor, size + 1))
    finally:
        os.close(descriptor)
    content = b"".join(found)
    if size > limit or len(content) > limit:
        raise UnfitFile(errno.EFBIG, f"it has more than {limit} bytes", os.fspath(path))
    return content


@contextlib.contextmanager
def open_regular(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Opens a regular file for reading; a pipe or a device is refused and never waited for.

    Raises:
      UnfitFile: if the path leads to a device, a pipe or a folder.
      OSError: if the file cannot be opened.
    """
    with open(_open_regular(path)[0], "rb") as file:
        yield file


def _open_regular(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Returns the descriptor and the size of a regular file."""
    # Without this flag, to open a pipe waits until another process writes to it.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise UnfitFile(errno.EINVAL, "it is not a regular file", os.fspath(path))
    return descriptor, about.st_size


def cache_folder() -> Path | None:
    """Returns the folder of what is only quicker to read than to make anew.

    It is `$XDG_CACHE_HOME/gans_jax`, by default `~/.cache/gans_jax`, and need not exist. A user
    without a home has none.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    return base / "gans_jax" if base.is_absolute() else None


def is_writable(folder: Path) -> bool:
    """Returns whether a folder can be written, and makes it if it is missing."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return os.access(folder, os.W_OK | os.X_OK)

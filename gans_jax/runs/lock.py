"""A run folder that one process at a time writes."""

import contextlib
import os
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path

from gans_jax.runs.config import ConfigError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME = ".gans_jax.lock"


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Holds a folder, so that no other process can; the system lets go of it when this one dies.

    Raises:
      ConfigError: if another process holds it.
      OSError: if the file of the lock cannot be made.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(folder / NAME, flags, 0o666)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.read(descriptor, 100).decode("ascii", "replace").strip()
        raise ConfigError(
            f"another process trains in {folder} ({owner or 'its number is unknown'}): wait until "
            "it has ended, or stop it"
        ) from error
    except OSError as error:  # some network file systems have no locks
        warnings.warn(
            f"{folder} cannot be locked ({error.strerror}): see to it that no other process trains "
            "in it",
            stacklevel=2,
        )
        return
    # The number is a courtesy, for which a full disk has no room.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())

"""Copies of data in object stores on this machine, since examples are read in random order."""

import contextlib
import functools
import hashlib
import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gans_jax.core import files, store
from gans_jax.data.source import DataError, shown

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

INDEX, LOCK, WHOLE = "copied.jsonl", "copied.lock", "copied"


def local(path: str) -> str:
    """Returns a path of this machine: `path` itself, or of an address's copy on this machine.

    The copy of gs://bucket/photos lies in `~/.cache/gans_jax/data` (`$XDG_CACHE_HOME` moves it).
    A process brings it up to date once, at its first use, unless another process reads it: objects
    that are new or have changed are downloaded, and files whose objects are gone are removed.

    Raises:
      DataError: if the store cannot be used, has nothing there, or the copy cannot be written.
    """
    return os.fspath(_copy(path)) if store.is_address(path) else path


@functools.cache
def _copy(address: str) -> Path:
    source = store.Store(address)
    base = files.cache_folder() or Path(tempfile.gettempdir(), "gans_jax")
    digest = hashlib.sha256(source.address.encode()).hexdigest()[:16]
    folder = base / "data" / digest / (source.name or "bucket")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return _held(folder.parent, lambda: _updated(source, folder))
    except store.StoreError as error:
        raise DataError(str(error)) from error
    except OSError as error:
        raise DataError(
            f"{shown(address)} cannot be copied to {folder} ({error.strerror or error}): make room "
            "there, or set XDG_CACHE_HOME to a folder with more"
        ) from error


# Descriptors that stay open, so that no other process changes a copy that this one reads.
_IN_USE: list[int] = []


def _held(place: Path, update: Callable[[], Path]) -> Path:
    """Returns the path of a copy, which this process updates unless another one reads it."""
    lock, whole = os.open(place / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC), place / WHOLE
    try:
        while not _locks(lock, "LOCK_EX", at_once=True):
            _locks(lock, "LOCK_SH")  # once another process has copied
            if whole.exists():
                break
            _locks(lock, "LOCK_UN")  # that process has failed
        else:
            whole.unlink(missing_ok=True)
            files.write(whole, update().name)
            _locks(lock, "LOCK_SH")
    except BaseException:
        os.close(lock)
        raise
    _IN_USE.append(lock)
    return place / whole.read_text()


def _locks(descriptor: int, kind: str, at_once: bool = False) -> bool:
    """Locks or unlocks, and returns False if that cannot be done at once, but is to be."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, getattr(fcntl, kind) | (fcntl.LOCK_NB if at_once else 0))
    except BlockingIOError:
        time.sleep(random.uniform(0, 0.1))
        return False
    return True


def _updated(source: store.Store, folder: Path) -> Path:
    """Makes a folder equal to what a store holds, and returns it, or its file if it is one."""
    versions = source.list()
    if not versions:
        return _file(source, folder)
    known = _read(folder.parent / INDEX)
    for path in list(folder.rglob("*")):
        if not path.is_dir() and path.relative_to(folder).as_posix() not in versions:
            path.unlink()
    needed = [
        name
        for name, version in versions.items()
        if known.get(name) != [version, _size(folder / name)]
    ]

    # One line a file at once, so that a copy that was stopped goes on where it was.
    with open(folder.parent / INDEX, "a") as index:

        def download(name: str) -> None:
            source.download(name, folder / name)
            found = [versions[name], _size(folder / name)]
            print(json.dumps([name, *found]), file=index, flush=True)

        store.each(download, needed)
    return folder


def _file(source: store.Store, path: Path) -> Path:
    """Copies the one object that an address names; it is small beside a folder, and always read."""
    parent, _, name = source.address.rpartition("/")
    try:
        store.Store(parent).download(name, path)
    except FileNotFoundError as error:
        raise DataError(f"{shown(source.address)} holds nothing: check the address") from error
    return path


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _read(index: Path) -> dict[str, list[Any]]:
    """Returns the version and size of each file that was downloaded; not of a damaged line."""
    found = {}
    for line in index.read_text().splitlines() if index.is_file() else ():
        with contextlib.suppress(ValueError):
            name, *known = json.loads(line)
            found[name] = known
    return found

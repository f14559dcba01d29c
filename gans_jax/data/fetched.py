"""Copies of data in object stores on this machine, since examples are read in random order."""

import contextlib
import functools
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gans_jax.core import files, store
from gans_jax.data.source import DataError, shown

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

INDEX, LOCK = "copied.jsonl", "copied.lock"


def local(path: str) -> str:
    """Returns a path of this machine: `path` itself, or of an address's copy on this machine.

    The copy of gs://bucket/photos lies in `~/.cache/gans_jax/data` (`$XDG_CACHE_HOME` moves it).
    A process brings it up to date once, at its first use: objects that are new or have changed are
    downloaded, and files whose objects are gone are removed.

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
        with _alone(folder.parent):
            return _updated(source, folder)
    except store.StoreError as error:
        raise DataError(str(error)) from error
    except OSError as error:
        raise DataError(
            f"{shown(address)} cannot be copied to {folder} ({error.strerror or error}): make room "
            "there, or set XDG_CACHE_HOME to a folder with more"
        ) from error


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits until no other process of this machine copies the same address."""
    with open(folder / LOCK, "a") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


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
        if known.get(name) != version or not (folder / name).is_file()
    ]

    # One line a file at once, so that a copy that was stopped goes on where it was.
    with open(folder.parent / INDEX, "a") as index:

        def download(name: str) -> None:
            source.download(name, folder / name)
            print(json.dumps([name, versions[name]]), file=index, flush=True)

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


def _read(index: Path) -> dict[str, str]:
    """Returns the version of each file that was downloaded; of a damaged line it is unknown."""
    found = {}
    for line in index.read_text().splitlines() if index.is_file() else ():
        with contextlib.suppress(ValueError):
            name, version = json.loads(line)
            found[name] = version
    return found

"""Run folders in object stores.

A run is written in a folder of this machine, with all that a file system can do, and published
after each checkpoint: the metrics and other files, the objects of each step, then the
`commit_success.txt` that orbax has written in it, and at last the files that tell of steps. A step
without that object does not count, so that a reader and the next `resume` never meet half a state,
and no step comes before its metrics.

The folder of this machine is there only as a whole: while a run is trained, and afterwards if it
has something that could not be published.
"""

import contextlib
import dataclasses
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from gans_jax.core import files
from gans_jax.core.store import Store, StoreError, each, is_address
from gans_jax.runs import data_file, lease, lock, run_states, strict_json
from gans_jax.runs.config import ConfigError
from gans_jax.runs.mirror import COMMITTED, Mirror, by_step, names, stamps

CONFIGURATION = ("config.json", data_file.NAME)
ATTEMPTS = 5  # to read a run that is being trained meanwhile


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a run is written.

    Attributes:
      folder: the folder of this machine.
      publish: copies what is new in the folder to the object store that it belongs to, if any.
    """

    folder: Path
    publish: Callable[[], None] = lambda: None


def occupied(place: str | os.PathLike[str]) -> ConfigError:
    """Returns the error for a new run in a folder, or at an address, that has one already."""
    return ConfigError(
        f"{place} already holds a run: continue it with `python -m gans_jax resume {place}`, in "
        "Python with `training.resume`, or choose another --workdir"
    )


@contextlib.contextmanager
def opened(workdir: str | os.PathLike[str], *, new: bool = False) -> Iterator[Place]:
    """Yields the place of a run that is trained.

    While the block runs, this process holds the address, and when it ends, what is new is
    published. Only what could not be published stays on this machine, and is found there by the
    next `resume`.

    Args:
      workdir: a folder, or an address such as gs://bucket/run.
      new: whether the run is to be made; a folder in a store must then be empty.

    Raises:
      ConfigError: if another process trains at the address, or a new run's place is taken.
      StoreError: if the store cannot be used, or this machine has another run that was to be
        published there. What could not be published is on this machine.
    """
    if not is_address(workdir):
        yield Place(Path(workdir))
        return
    store = Store(os.fspath(workdir))
    folder = _staging(store)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with named(folder, store.address), lock.held(folder.parent), lease.held(store) as ours:
        if new:
            _refuse_occupied(store)
        brought = not new and _bring_newest(store, folder)
        known = stamps(folder) if brought else {}
        mirror = Mirror(store, folder, ours, known)
        try:
            yield Place(folder, mirror.publish)
        except StoreError:
            raise
        except BaseException as error:
            try:
                mirror.publish()
            except StoreError as failure:
                error.add_note(str(failure))
                raise error from None
            _discard(folder)
            raise
        mirror.publish()
        _discard(folder)


@contextlib.contextmanager
def followed(workdir: str | os.PathLike[str], *, new: bool = False) -> Iterator[Place]:
    """Yields the place of a run that another process trains: of an address, its configuration."""
    if is_address(workdir) and new:
        with _empty(Store(os.fspath(workdir))) as folder:
            yield Place(folder)
        return
    with visited(workdir, CONFIGURATION) as folder:
        yield Place(folder)


@contextlib.contextmanager
def visited(workdir: str | os.PathLike[str], only: Iterable[str] = ()) -> Iterator[Path]:
    """Yields a run's folder to be read: a folder itself, or a copy of what an address has.

    The copy is gone after the block. `only` are the names of the files that are wanted, in each
    folder; by default all are.

    Raises:
      StoreError: if the store cannot be used.
    """
    if not is_address(workdir):
        yield Path(workdir)
        return
    store = Store(os.fspath(workdir))
    with _empty(store) as folder, named(folder, store.address):
        _bring(store, folder, frozenset(only))
        yield folder


@contextlib.contextmanager
def configured(workdir: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a folder with the configuration of a run, which may not be published yet."""
    if not is_address(workdir):
        yield Path(workdir)
        return
    store = Store(os.fspath(workdir))
    unpublished = _staging(store)
    with visited(workdir, (*CONFIGURATION, run_states.SAVED)) as published:
        if _is_newest(unpublished, published):
            with named(unpublished, store.address):
                yield unpublished
        else:
            yield published


@contextlib.contextmanager
def named(folder: Path, address: str) -> Iterator[None]:
    """Lets the errors of the block name an address instead of the folder of this machine."""
    try:
        yield
    except StoreError:
        raise  # it says what is on this machine
    except BaseException as error:
        # A full disk is the one of this machine.
        ending = f"; on this machine it is in {folder}" if isinstance(error, OSError) else ""
        error.args = tuple(_renamed(value, folder, address, ending) for value in error.args)
        if hasattr(error, "__notes__"):
            error.__notes__ = [_renamed(note, folder, address, "") for note in error.__notes__]
        raise


def _renamed(value: Any, folder: Path, address: str, ending: str) -> Any:
    if not isinstance(value, str) or os.fspath(folder) not in value:
        return value
    return value.replace(os.fspath(folder), address) + ending


def _staging(store: Store) -> Path:
    base = files.cache_folder() or Path(tempfile.gettempdir(), "gans_jax")
    digest = hashlib.sha256(store.address.encode()).hexdigest()[:16]
    return base / "runs" / digest / (store.name or "run")


def _discard(folder: Path) -> None:
    """Removes a folder in one move, so that a part of it never counts as a run."""
    aside = folder.with_name(".discarded")
    shutil.rmtree(aside, ignore_errors=True)
    if folder.is_dir():
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def _empty(store: Store) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gans_jax-") as parent:
        folder = Path(parent, store.name or "run")
        folder.mkdir()
        yield folder


def _refuse_occupied(store: Store) -> None:
    there = store.list().keys() - {lease.NAME}
    if any(name.rpartition("/")[2] == "config.json" for name in there):
        raise occupied(store.address)
    if there:
        raise ConfigError(f"{store.address} is not empty: choose another --workdir")


def _bring_newest(store: Store, folder: Path) -> bool:
    """Makes a folder the newest form of a run, and returns whether that is the store's form."""
    with _empty(store) as published:
        _bring(store, published, frozenset((*CONFIGURATION, run_states.SAVED)))
        with named(published, store.address):
            newest = _is_newest(folder, published)
        if newest:
            return False
    _discard(folder)
    incoming = folder.with_name(".incoming")
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir()
    _bring(store, incoming)
    incoming.rename(folder)
    return True


def _is_newest(folder: Path, published: Path) -> bool:
    """Returns whether a folder has a run that has come as far as it was published, or further.

    Raises:
      StoreError: if it is another run than the one that was published.
      ConfigError: if a file that tells how far one of them has come is damaged.
    """
    here, there = _identity(folder), _identity(published)
    if here and there and there != here:
        raise StoreError(
            f"this machine has another run in {folder}, which could not be published: move that "
            "folder away to keep the run, or remove it"
        )
    return bool(here) and _progress(folder) >= _progress(published)


def _identity(folder: Path) -> dict[str, bytes]:
    """Returns the files that have the identity of the runs in a folder; without a run, none."""
    found = names(folder) if folder.is_dir() else []
    if not any(name.endswith("config.json") for name in found):
        return {}
    return {name: (folder / name).read_bytes() for name in found if name.endswith(data_file.NAME)}


def _progress(folder: Path) -> tuple[int, int]:
    """Returns how far the runs in a folder were saved and are to go, in iterations."""
    saved = [_number(path, "step") for path in folder.rglob(run_states.SAVED)]
    wanted = [_number(path, "with", "iterations") for path in folder.rglob("config.json")]
    return sum(saved), sum(wanted)


def _number(path: Path, *keys: str) -> int:
    """Returns the whole number under keys of nested objects in a file of JSON."""
    try:
        found = strict_json.parse(path.read_bytes(), finite=False)
        for key in keys:
            found = found[key]
        if type(found) is not int:
            raise ValueError(f"{keys[-1]} is not a whole number")
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is damaged ({error}): restore it from a copy") from error
    return found


def _bring(store: Store, folder: Path, only: frozenset[str] = frozenset()) -> None:
    """Copies a run to this machine, without steps that were not written to their end."""
    for attempt in range(ATTEMPTS):
        there = store.list()
        partial = {
            name
            for step, own in by_step(there).items()
            for name in own
            if f"{step}/{COMMITTED}" not in there
        }
        wanted = [
            name
            for name in there.keys() - partial - {lease.NAME}
            if not only or name.rpartition("/")[2] in only
        ]
        try:
            each(lambda name: store.download(name, folder / name), wanted)
            return
        except FileNotFoundError:  # the run goes on meanwhile, and has removed an older step
            shutil.rmtree(folder)
            folder.mkdir()
            if attempt + 1 == ATTEMPTS:
                raise

"""Run folders in object stores.

A run is written in a folder of this machine, with all that a file system can do, and published
after each checkpoint: the objects of a step, then the `commit_success.txt` that orbax has written
in it, and then the other files. A step without that object does not count, so that a reader and the
next `resume` never meet half a state.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gans_jax.core import files
from gans_jax.core.store import Store, StoreError, each, is_address
from gans_jax.runs import data_file, lease, lock, run_states
from gans_jax.runs.config import ConfigError

COMMITTED = "commit_success.txt"
CONFIGURATION = ("config.json", data_file.NAME)
ATTEMPTS = 5  # to read a run that is being trained meanwhile
_STEP = re.compile(r"((?:seed_\d+/)?(?:checkpoints|best)/\d+)/.+")
_PASSING = re.compile(rf"(.*/)?({re.escape(lock.NAME)}|\..*\.part)|(.*/)?(checkpoints|best)/.*")


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a run is written.

    Attributes:
      folder: the folder of this machine.
      publish: copies what is new in the folder to the object store that it belongs to, if any.
    """

    folder: Path
    publish: Callable[[], None] = lambda: None


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
      ConfigError: if another process trains at the address, a new run's place is taken, or this
        machine has another run that was to be published there.
      StoreError: if the store cannot be used. What could not be published is on this machine.
    """
    if not is_address(workdir):
        yield Place(Path(workdir))
        return
    store = Store(os.fspath(workdir))
    folder = _staging(store)
    with named(folder, store.address), lease.held(store) as ours:
        if new:
            _refuse_occupied(store)
        else:
            _bring_newest(store, folder)
        mirror = _Mirror(store, folder, ours)
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
            shutil.rmtree(folder.parent, ignore_errors=True)
            raise
        mirror.publish()
        shutil.rmtree(folder.parent, ignore_errors=True)


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
    if is_address(workdir) and (unpublished := _staging(Store(os.fspath(workdir)))).is_dir():
        with named(unpublished, os.fspath(workdir)):
            yield unpublished
        return
    with visited(workdir, CONFIGURATION) as folder:
        yield folder


@contextlib.contextmanager
def named(folder: Path, address: str) -> Iterator[None]:
    """Lets the errors of the block name an address and not the folder of this machine."""
    try:
        yield
    except StoreError:
        raise  # it says what is on this machine
    except BaseException as error:
        change = lambda value: (
            value.replace(os.fspath(folder), address) if isinstance(value, str) else value
        )
        error.args = tuple(map(change, error.args))
        if hasattr(error, "__notes__"):
            error.__notes__ = [*map(change, error.__notes__)]
        raise


class _Mirror:
    """A folder of this machine whose new files are copied to a store."""

    def __init__(self, store: Store, folder: Path, ours: lease.Lease) -> None:
        self._store, self._folder, self._lease = store, folder, ours
        self._published: dict[str, tuple[int, int]] = {}

    def publish(self) -> None:
        """Copies what is new to the store.

        Raises:
          StoreError: if that fails; it says that the run is on this machine.
        """
        if not any(self._folder.rglob("config.json")):
            return
        try:
            self._lease.check()
            self._publish()
        except StoreError as error:
            raise StoreError(
                f"{error}; the run is in {self._folder} on this machine, where "
                f"`python -m gans_jax resume {self._store.address}` goes on with it"
            ) from error

    def _publish(self) -> None:
        found = {name: _stamp(self._folder / name) for name in _names(self._folder)}
        there, steps = self._store.list(), _by_step(found)
        for step, names in steps.items():
            mark = f"{step}/{COMMITTED}"
            if mark not in there and self._upload(name for name in names if name != mark):
                self._store.write(mark, b"")
        others = [name for name in found if not _PASSING.fullmatch(name)]
        changed = [name for name in others if self._published.get(name) != found[name]]
        self._upload(changed)
        self._published |= {name: found[name] for name in changed}
        old = {step: names for step, names in _by_step(there).items() if step not in steps}
        # A step that is removed in part must not count.
        self._store.remove(f"{step}/{COMMITTED}" for step in old)
        self._store.remove(name for names in old.values() for name in names)

    def _upload(self, names: Iterable[str]) -> bool:
        """Returns whether all files were still there."""
        try:
            each(lambda name: self._store.upload(self._folder / name, name), names)
        except FileNotFoundError:  # a newer step has taken the place of this one
            return False
        return True


def _names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return about.st_size, about.st_mtime_ns


def _by_step(names: Iterable[str]) -> dict[str, list[str]]:
    """Returns the names of the files of each step, from the oldest step to the newest."""
    found: dict[str, list[str]] = {}
    for name in names:
        if match := _STEP.fullmatch(name):
            found.setdefault(match[1], []).append(name)
    return dict(sorted(found.items(), key=lambda pair: int(pair[0].rpartition("/")[2])))


def _staging(store: Store) -> Path:
    base = files.cache_folder() or Path(tempfile.gettempdir(), "gans_jax")
    digest = hashlib.sha256(store.address.encode()).hexdigest()[:16]
    return base / "runs" / digest / (store.name or "run")


@contextlib.contextmanager
def _empty(store: Store) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gans_jax-") as parent:
        folder = Path(parent, store.name or "run")
        folder.mkdir()
        yield folder


def _refuse_occupied(store: Store) -> None:
    there = store.list().keys() - {lease.NAME}
    if any(name.rpartition("/")[2] == "config.json" for name in there):
        raise ConfigError(
            f"{store.address} already holds a run: continue it with "
            f"`python -m gans_jax resume {store.address}`, or choose another --workdir"
        )
    if there:
        raise ConfigError(f"{store.address} is not empty: choose another --workdir")


def _bring_newest(store: Store, folder: Path) -> None:
    """Makes a folder the newest form of a run: what could not be published, or the store's."""
    if not folder.is_dir() or not (here := _identity(folder, _names(folder))):
        shutil.rmtree(folder.parent, ignore_errors=True)
        folder.mkdir(parents=True)
        _bring(store, folder)
        return
    with _empty(store) as copy:
        _bring(store, copy, frozenset((*CONFIGURATION, run_states.SAVED)))
        there = _identity(copy, _names(copy))
        newer = _progress(copy) > _progress(folder)
    if there and there != here:
        raise ConfigError(
            f"{folder} has another run than {store.address}, where it was to be published: move "
            "it away to keep it, or remove it"
        )
    if newer:
        shutil.rmtree(folder.parent)
        _bring_newest(store, folder)


def _identity(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Returns the contents of the files that have a run's identity, without a run an empty dict."""
    return {n: (folder / n).read_bytes() for n in names if n.endswith(data_file.NAME)}


def _progress(folder: Path) -> int:
    """Returns how far the runs in a folder were saved, in iterations."""
    found = [json.loads(path.read_bytes())["step"] for path in folder.rglob(run_states.SAVED)]
    return sum(found)


def _bring(store: Store, folder: Path, only: frozenset[str] = frozenset()) -> None:
    """Copies a run to this machine, without steps that were not written to their end."""
    for attempt in range(ATTEMPTS):
        there = store.list()
        steps = _by_step(there)
        whole = {step for step in steps if f"{step}/{COMMITTED}" in there}
        wanted = [
            name
            for name in there
            if name != lease.NAME
            and (not only or name.rpartition("/")[2] in only)
            and ((match := _STEP.fullmatch(name)) is None or match[1] in whole)
        ]
        try:
            each(lambda name: store.download(name, folder / name), wanted)
            return
        except FileNotFoundError:  # the run goes on meanwhile, and has removed an older step
            shutil.rmtree(folder)
            folder.mkdir()
            if attempt + 1 == ATTEMPTS:
                raise

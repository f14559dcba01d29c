"""Copies what is new in a run's folder to an object store."""

import dataclasses
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from gans_jax.core.store import Store, StoreError, each
from gans_jax.runs import lease, lock, run_states

COMMITTED = "commit_success.txt"
BEST = "best.json"
Stamp = tuple[int, int]
_STEP = re.compile(r"((?:seed_\d+/)?(?:checkpoints|best)/\d+)/.+")
_PASSING = re.compile(rf"(.*/)?({re.escape(lock.NAME)}|\..*\.part)|(.*/)?(checkpoints|best)/.*")
_GROWING = re.compile(r"(.*/)?(metrics\.jsonl|events/.+)")
_BLOCK = 2**20


class Mirror:
    """A folder of this machine whose new files are copied to a store.

    Args:
      store: where they are copied to.
      folder: the folder.
      ours: the lock of the store.
      known: the stamps of the files that the store has as they are here.
    """

    def __init__(
        self, store: Store, folder: Path, ours: lease.Lease, known: dict[str, Stamp]
    ) -> None:
        self._store = dataclasses.replace(store, before_retry=ours.check_time)
        self._folder, self._lease, self._known = folder, ours, known

    def publish(self) -> None:
        """Copies what is new to the store.

        Raises:
          StoreError: if that fails, also by the disk of this machine, or another process has taken
            over; it says that the run is on this machine.
        """
        try:
            self._lease.check()
            if any(name.endswith("config.json") for name in names(self._folder)):
                self._publish()
        except OSError as error:
            words = str(error)
            if not isinstance(error, StoreError):
                name = error.filename or self._folder
                words = (
                    f"{name} cannot be copied ({error.strerror}): make room and allow reading it"
                )
            raise StoreError(
                f"{words}; the run is in {self._folder} on this machine, where "
                f"`python -m gans_jax resume {self._store.address}` goes on with it"
            ) from error

    def _publish(self) -> None:
        # The loop may find a better state meanwhile, whose step is then published the next time.
        best = {n: _content(self._folder / n) for n in names(self._folder) if _is_best(n)}
        found, there = stamps(self._folder), self._store.list()
        steps, saved = by_step(found), {name for name in found if _is_saved(name)}
        # The metrics first: `resume` cuts off lines after a step, and cannot make up missing ones.
        others = {name for name in found if not _PASSING.fullmatch(name) and not _is_best(name)}
        self._upload_new(others - saved, found)
        for step, own in steps.items():
            self._publish_step(step, {name: found[name] for name in own}, there)
        for name, content in best.items():
            if _step_of(name, content) in steps and self._differs(name, found):
                self._lease.check()
                self._store.write(name, content)
                self._known[name] = found[name]
        self._upload_new(saved, found)
        self._remove_old(steps, there)

    def _publish_step(self, step: str, own: dict[str, Stamp], there: dict[str, str]) -> None:
        mark = f"{step}/{COMMITTED}"
        if mark in there and not any(self._differs(name, own) for name in own):
            return
        if mark in there:  # the step was damaged there, and was trained again
            self._lease.check()
            self._store.remove([mark])
        if self._upload({name: stamp for name, stamp in own.items() if name != mark}):
            self._lease.check()
            self._store.write(mark, b"")
            self._known |= own

    def _differs(self, name: str, found: dict[str, Stamp]) -> bool:
        return self._known.get(name) != found[name]

    def _remove_old(self, steps: dict[str, list[str]], there: dict[str, str]) -> None:
        """Removes the steps of the store that are older than all that this machine keeps."""
        kept = [PurePosixPath(step) for step in steps]
        for step, objects in by_step(there).items():
            path = PurePosixPath(step)
            beside = [int(other.name) for other in kept if other.parent == path.parent]
            if beside and int(path.name) < min(beside):
                self._lease.check()
                # A step that is removed in part must not count.
                self._store.remove([f"{step}/{COMMITTED}"])
                self._store.remove(objects)

    def _upload_new(self, own: Iterable[str], found: dict[str, Stamp]) -> None:
        self._upload({name: found[name] for name in own if self._differs(name, found)})

    def _upload(self, wanted: dict[str, Stamp]) -> bool:
        """Returns whether all files were still there."""
        if wanted:
            self._lease.check()
        try:
            each(lambda name: self._upload_one(name, wanted[name]), wanted)
        except FileNotFoundError:  # a newer step has taken the place of this one
            return False
        self._known |= wanted
        return True

    def _upload_one(self, name: str, stamp: Stamp) -> None:
        if not _GROWING.fullmatch(name):
            self._store.upload(self._folder / name, name)
            return
        # gcsfs takes the size at the beginning and fails if more comes.
        copy = self._folder.with_name(".growing") / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            _copy_beginning(self._folder / name, copy, stamp[0])
            self._store.upload(copy, name)
        finally:
            copy.unlink(missing_ok=True)


def names(folder: Path) -> list[str]:
    """Returns the names of all files in a folder, from which some may vanish meanwhile."""
    # Not rglob, which raises an error for a folder that vanishes.
    return [
        Path(root, name).relative_to(folder).as_posix()
        for root, _, inside in os.walk(folder)
        for name in inside
    ]


def stamps(folder: Path) -> dict[str, Stamp]:
    """Returns the size and the time of the last change of each file in a folder."""
    found = {}
    for name in names(folder):
        try:
            about = (folder / name).stat()
        except FileNotFoundError:
            continue
        found[name] = about.st_size, about.st_mtime_ns
    return found


def by_step(found: Iterable[str]) -> dict[str, list[str]]:
    """Returns the names that belong to each step, from the oldest step to the newest."""
    steps: dict[str, list[str]] = {}
    for name in found:
        if match := _STEP.fullmatch(name):
            steps.setdefault(match[1], []).append(name)
    return dict(sorted(steps.items(), key=lambda pair: int(PurePosixPath(pair[0]).name)))


def _is_best(name: str) -> bool:
    return PurePosixPath(name).name == BEST


def _is_saved(name: str) -> bool:
    return PurePosixPath(name).name == run_states.SAVED


def _copy_beginning(file: Path, copy: Path, size: int) -> None:
    with file.open("rb") as source, copy.open("wb") as target:
        while block := source.read(min(size, _BLOCK)):
            size -= target.write(block)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _step_of(name: str, content: bytes) -> str | None:
    """Returns the step that `best.json` tells of."""
    try:
        return str(PurePosixPath(name).with_name("best") / str(json.loads(content)["step"]))
    except (ValueError, KeyError, TypeError):
        return None

"""Checkpoints in orbax's format, with a record beside the state that says whose state it is.

Orbax writes a step whole or not at all, but it restores damaged bytes, casts other dtypes and does
not fall back to an older step. This module refuses damaged bytes and other dtypes, and falls back.
"""

import contextlib
import functools
import itertools
import os
import shutil
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax.runs import data_file, record, storage, stored, strict_json
from gans_jax.runs.record import CheckpointError as CheckpointError

if TYPE_CHECKING:
    import orbax.checkpoint as ocp

# A record has some 200 bytes for each leaf.
MAX_RECORD = 100_000_000
# How often a reader starts again because the run has saved and deleted steps meanwhile.
ATTEMPTS = 100
# Seconds for which threads of orbax may still write after a save has failed.
PATIENCE = 0.5


class _Damaged(Exception):
    """A step whose files differ from what was written."""


class Checkpoints:
    """The newest `keep` states of a run, each in `directory/<step>`; a context manager.

    The first save makes the directory. `run` is the identity of the run, of which the states must
    be; None takes the states of any run.
    """

    def __init__(self, directory: str | os.PathLike, keep: int = 3, run: str | None = None) -> None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1, but is {keep}")
        self.directory, self._keep, self._run = Path(directory).absolute(), keep, run

    @classmethod
    def of_run(cls, place: Path, keep: int = 3, name: str = "checkpoints") -> Self:
        """Returns the checkpoints in a run's folder, which must be of that run."""
        return cls(place / name, keep, data_file.read(place).run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        # Only a save makes it.
        if manager := vars(self).pop("_manager", None):
            manager.close()

    @functools.cached_property
    def _manager(self) -> "ocp.CheckpointManager":
        import orbax.checkpoint as ocp  # slow to import

        options = ocp.CheckpointManagerOptions(
            max_to_keep=self._keep,
            create=False,
            # A save takes a fraction of a second, and callers donate the state after it.
            enable_async_checkpointing=False,
            multiprocessing_options=_alone(),
        )
        alone = {"multiprocessing_options": _alone()}
        handlers = {
            # Compression takes most of the time of a save, and a tenth of the bytes of floats.
            "state": ocp.PyTreeCheckpointHandler(use_compression=False, **alone),
            "leaves": ocp.JsonCheckpointHandler(**alone),
        }
        return ocp.CheckpointManager(self.directory, options=options, item_handlers=handlers)

    def steps(self) -> list[int]:
        """Returns the steps on disk, ascending, without damaged ones that were set aside.

        CheckpointError if the directory is there but cannot be listed.
        """
        try:
            names = [entry.name for entry in os.scandir(self.directory) if entry.is_dir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise CheckpointError(
                f"{self.directory} cannot be listed ({error.strerror}): allow reading"
            ) from error
        return sorted(int(name) for name in names if name.isdecimal() and str(int(name)) == name)

    def latest(self) -> int | None:
        """Returns the newest step on disk, None if there is no step."""
        return max(self.steps(), default=None)

    def save(self, step: int, state: Any) -> None:
        """Writes a state, any pytree of arrays, and returns when it is on disk.

        Raises:
          CheckpointError: if a leaf is not finite, `step` is not after the newest step, or the
            folder cannot be written.
        """
        import orbax.checkpoint as ocp  # slow to import

        latest = self.latest()
        if latest is not None and step <= latest:
            raise CheckpointError(
                f"step {step} is not after the newest step {latest} in {self.directory}: "
                "move the newer steps away first"
            )
        as_array = lambda leaf: leaf if isinstance(leaf, jax.Array) else np.asarray(leaf)
        host = jax.tree.map(as_array, jax.device_get(state))  # where keys stay as they are
        item = record.make(step, self._run, host)
        packed = ocp.args.PyTreeSave(jax.tree.map(stored.pack, host))
        args = ocp.args.Composite(state=packed, leaves=ocp.args.JsonSave(item))
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            storage.silence()
            self._manager.save(step, args=args, force=True)
        except (OSError, ValueError) as error:
            self._remove_unfinished(PATIENCE)
            raise CheckpointError(
                f"step {step} cannot be saved in {self.directory} ({storage.first_words(error)}): "
                "make room there and allow writing"
            ) from error

    def restore(
        self, like: Any, step: int | None = None, *, resuming: bool = False
    ) -> tuple[int, Any]:
        """Reads a state into new arrays on the default device.

        Args:
          like: a state of the same shapes and types, or its `jax.eval_shape`.
          step: the step to read. None reads the newest one that is intact, with a warning for each
            newer one.
          resuming: whether a run goes on from the state. Then the newer steps, which are damaged,
            are renamed to `<step>.bad`, what unfinished saves have left behind is removed, and
            jax must have the same settings as when the state was saved. Else nothing on disk
            changes.

        Returns:
          The step and its state.

        Raises:
          CheckpointError: if there is no such step that is intact, it cannot be read or belongs to
            another run, or its state has another structure, shape or dtype than `like`.
        """
        if resuming:
            self._remove_unfinished()
        for _ in range(ATTEMPTS):
            steps, damaged = self.steps(), dict[int, str]()
            if not steps or step not in (None, *steps):
                raise CheckpointError(
                    f"there is no {'checkpoint' if step is None else f'step {step}'} in "
                    f"{self.directory}: it has {', '.join(map(str, steps)) or 'none'}"
                )
            for candidate in reversed(steps) if step is None else [step]:
                try:
                    state = self._read(candidate, like, resuming)
                except _Damaged as error:
                    damaged[candidate] = str(error)
                    continue
                # Only now: a folder whose steps are all bad must not look like a new one.
                self._report(damaged, candidate, resuming)
                return candidate, jax.tree.map(jnp.array, state)
            if self.steps() == steps:
                reasons = "; ".join(f"{step} ({reason})" for step, reason in damaged.items())
                raise CheckpointError(
                    f"{self.directory} has no good step: {reasons}: restore the folder from a "
                    "copy, or move it away to start over"
                )
        raise CheckpointError(
            f"the steps in {self.directory} are replaced faster than they can be read: try again, "
            "or keep more of them"
        )

    def _read(self, step: int, like: Any, resuming: bool) -> Any:
        """Reads the state of a step as NumPy arrays, and verifies it."""
        folder, name = self.directory / str(step), "a file"
        try:
            storage.check_files(folder)
            name = "the record of its leaves"
            item = strict_json.read(folder / "leaves" / "metadata", MAX_RECORD)
        except (OSError, ValueError) as error:
            raise self._unreadable(step, name, error) from error
        if not record.is_record(item):
            raise _Damaged("the record of its leaves has another form")
        if not record.is_whole(item):
            raise _Damaged("the record of its leaves has another SHA-256 than when it was written")
        record.check_owner(item, folder, self._run)
        record.check_leaves(item, folder, like)
        if resuming:
            record.check_settings(item, folder)
        target = jax.tree.map(stored.blank, like)
        import orbax.checkpoint as ocp  # slow to import
        from etils import epath

        try:
            storage.silence()
            reader = ocp.StandardCheckpointHandler(multiprocessing_options=_alone())
            wanted = ocp.args.StandardRestore(target)
            packed = reader.restore(epath.Path(folder / "state"), args=wanted)
        except MemoryError:
            raise
        except Exception as error:  # damaged files make orbax raise nearly everything
            raise self._unreadable(step, "state", error) from error
        state = jax.tree.map(stored.unpack, packed, like)
        for path, found in record.describe(state, record.digest).items():
            if found != item["leaves"][path]:
                raise _Damaged(f"{path} has another SHA-256 than when it was written")
        return state

    def _unreadable(self, step: int, name: str, error: Exception) -> Exception:
        """Returns the error for a file that cannot be read: damage, unless the system says why."""
        if reason := storage.failure(error):
            return CheckpointError(
                f"step {step} in {self.directory} cannot be read ({reason}): nothing was changed; "
                "remove the cause and try again"
            )
        return _Damaged(f"{name} cannot be read: {storage.first_words(error)}")

    def _report(self, damaged: dict[int, str], good: int, rename: bool) -> None:
        for step, reason in damaged.items():
            outcome = "is left as it is"
            if rename:
                try:
                    outcome = f"is now {self._rename(step).name}"
                except OSError as error:  # a copy that may only be read
                    outcome = f"cannot be renamed ({error.strerror})"
            warnings.warn(
                f"step {step} in {self.directory} is damaged ({reason}): it {outcome}, "
                f"and step {good} is used",
                stacklevel=3,
            )
        if damaged:
            self.close()  # orbax knows the old names

    def _rename(self, step: int) -> Path:
        source = self.directory / str(step)
        names = (f"{step}.bad{number}" for number in itertools.chain([""], itertools.count(2)))
        target = next(t for name in names if not (t := source.with_name(name)).exists())
        if jax.process_index() == 0:
            source.rename(target)
        return target

    def _remove_unfinished(self, seconds: float = 0) -> None:
        """Removes what unfinished saves have left behind, and for so long what is still written."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):  # they are in nobody's way
                for path in self.directory.glob("*.orbax-checkpoint-tmp*"):
                    shutil.rmtree(path, ignore_errors=True)
            if time.monotonic() >= deadline:
                return
            time.sleep(0.05)


def _alone() -> "ocp.options.MultiprocessingOptions":
    """Returns that no other process takes part, since NumPy arrays are saved and read."""
    import orbax.checkpoint as ocp  # slow to import

    own = jax.process_index()
    return ocp.options.MultiprocessingOptions(own, {own}, f"process_{own}")

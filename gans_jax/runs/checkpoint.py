"""Checkpoints in orbax's format, with the SHA-256 of every leaf beside the state.

Orbax writes a step whole or not at all, but it restores damaged bytes, casts other dtypes and does
not fall back to an older step. This module refuses damaged bytes and other dtypes, and falls back.
"""

import contextlib
import hashlib
import itertools
import json
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from gans_jax.runs import stored


class CheckpointError(ValueError):
    """A state that cannot be saved or restored; the message names the leaf and the folder."""


class _Damaged(Exception):
    """A step whose files differ from what was written."""


class Checkpoints:
    """The newest `keep` states of a run, each in `directory/<step>`; a context manager.

    The first save makes the directory.
    """

    def __init__(self, directory: str | os.PathLike, keep: int = 3) -> None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1, but is {keep}")
        self.directory = Path(directory).absolute()
        # NumPy arrays are saved, so that no other process need take part.
        own = jax.process_index()
        options = ocp.CheckpointManagerOptions(
            max_to_keep=keep,
            create=False,
            # A save takes a fraction of a second, and callers donate the state after it.
            enable_async_checkpointing=False,
            multiprocessing_options=ocp.options.MultiprocessingOptions(
                own, {own}, f"process_{own}"
            ),
        )
        self._manager = ocp.CheckpointManager(self.directory, options=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._manager.close()

    def steps(self) -> list[int]:
        """Returns the steps on disk, ascending, without damaged ones that were set aside."""
        return sorted(self._manager.all_steps())

    def latest(self) -> int | None:
        """Returns the newest step on disk, None if there is no step."""
        return max(self.steps(), default=None)

    def save(self, step: int, state: Any) -> None:
        """Writes a state, any pytree of arrays, and returns when it is on disk.

        Raises:
          CheckpointError: if a leaf is not finite, `step` is not after the newest step, or the
            folder cannot be written.
        """
        latest = self.latest()
        if latest is not None and step <= latest:
            raise CheckpointError(
                f"step {step} is not after the newest step {latest} in {self.directory}: "
                "move the newer steps away first"
            )
        as_array = lambda leaf: leaf if isinstance(leaf, jax.Array) else np.asarray(leaf)
        host = jax.tree.map(as_array, jax.device_get(state))  # where keys stay as they are
        leaves = _describe(host, _finite_digest)
        item = {"leaves": leaves, "sha256": _digest_of_record(leaves)}
        packed = ocp.args.StandardSave(jax.tree.map(stored.pack, host))
        args = ocp.args.Composite(state=packed, leaves=ocp.args.JsonSave(item))
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._manager.save(step, args=args, force=True)
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"step {step} cannot be saved in {self.directory} ({_first_line(error)}): "
                "make room there and allow writing"
            ) from error

    def restore(self, like: Any, step: int | None = None) -> tuple[int, Any]:
        """Reads a state into new arrays on the default device.

        Args:
          like: a state of the same shapes and types, or its `jax.eval_shape`.
          step: the step to read. None reads the newest one that is intact; newer ones are renamed
            to `<step>.bad`, with a warning.

        Returns:
          The step and its state.

        Raises:
          CheckpointError: if there is no such step that is intact, or its state has another
            structure, shape or dtype than `like`.
        """
        self._manager.reload()
        steps = self.steps()
        if not steps or step not in (None, *steps):
            raise CheckpointError(
                f"there is no {'checkpoint' if step is None else f'step {step}'} in "
                f"{self.directory}: it has {', '.join(map(str, steps)) or 'none'}"
            )
        damaged: dict[int, str] = {}
        for candidate in reversed(steps) if step is None else [step]:
            try:
                state = self._read(candidate, like)
            except _Damaged as error:
                damaged[candidate] = str(error)
                continue
            # Only now: a folder whose steps are all bad must not look like a new one.
            self._set_aside(damaged, candidate)
            return candidate, jax.tree.map(jnp.array, state)
        reasons = "; ".join(f"{step} ({reason})" for step, reason in damaged.items())
        raise CheckpointError(
            f"{self.directory} has no good step: {reasons}: restore the folder from a copy, or "
            "move it away to start over"
        )

    def _read(self, step: int, like: Any) -> Any:
        """Reads the state of a step as NumPy arrays, and verifies it."""
        item = self._load(step, leaves=ocp.args.JsonRestore())
        if not _is_record(item):
            raise _Damaged("the record of its leaves has another form")
        if _digest_of_record(item["leaves"]) != item["sha256"]:
            raise _Damaged("the record of its leaves has another SHA-256 than when it was written")
        self._compare(step, item["leaves"], _describe(like))
        target = jax.tree.map(stored.blank, like)
        packed = self._load(step, state=ocp.args.StandardRestore(target))
        state = jax.tree.map(stored.unpack, packed, like)
        for path, found in _describe(state, _digest).items():
            if found != item["leaves"][path]:
                raise _Damaged(f"{path} has another SHA-256 than when it was written")
        return state

    def _load(self, step: int, **items: Any) -> Any:
        (name,) = items
        try:
            return self._manager.restore(step, args=ocp.args.Composite(**items))[name]
        except (MemoryError, PermissionError):
            raise
        except Exception as error:  # damaged files make orbax raise nearly everything
            raise _Damaged(f"{name} cannot be read: {_first_line(error)}") from error

    def _compare(self, step: int, saved: dict[str, Any], wanted: dict[str, Any]) -> None:
        """Raises CheckpointError at the first leaf that is absent from one, or differs."""
        for path in [*wanted, *saved]:
            here, there = _show(wanted.get(path)), _show(saved.get(path))
            if here != there:
                raise CheckpointError(
                    f"{path} is {there} in step {step} of {self.directory}, but {here} in this "
                    "configuration: use the configuration that it was saved with"
                )

    def _set_aside(self, damaged: dict[int, str], good: int) -> None:
        for step, reason in damaged.items():
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
            self._manager.reload()

    def _rename(self, step: int) -> Path:
        source = self.directory / str(step)
        names = (f"{step}.bad{number}" for number in itertools.chain([""], itertools.count(2)))
        target = next(t for name in names if not (t := source.with_name(name)).exists())
        if jax.process_index() == 0:
            source.rename(target)
        return target


def save_all(places: Sequence[Path], keep: int, step: int, states: Sequence[Any]) -> None:
    """Saves the states of the runs in several folders, each unless the run has that step."""
    for place, state in zip(places, states, strict=True):
        with Checkpoints(place / "checkpoints", keep) as checkpoints:
            if step > (checkpoints.latest() or 0):
                checkpoints.save(step, state)


def restore_all(places: Sequence[Path], keep: int, like: Any) -> tuple[int, list[Any]]:
    """Reads the newest step that the runs in several folders all have.

    Returns:
      The step, and the state of each run; 0 and an empty list if no run has a checkpoint.

    Raises:
      CheckpointError: if the runs have no step in common, or a run has no intact step.
    """
    with contextlib.ExitStack() as stack:
        runs = [stack.enter_context(Checkpoints(p / "checkpoints", keep)) for p in places]
        # This sets damaged steps aside, so that they are not among the common ones.
        newest = [run.restore(like) for run in runs if run.latest() is not None]
        if not newest:
            return 0, []
        common = set.intersection(*(set(run.steps()) for run in runs))
        oldest = min(step for step, _ in newest)
        start = max((step for step in common if step <= oldest), default=None)
        if start is None:
            raise CheckpointError(
                f"the runs in {places[0].parent} have no step in common: resume each by itself, "
                f"such as `python -m gans_jax resume {places[0]}`"
            )
        pairs = zip(runs, newest, strict=True)
        return start, [s if step == start else r.restore(like, start)[1] for r, (step, s) in pairs]


def _is_record(item: Any) -> bool:
    """Returns whether this has the form that `save` writes."""
    leaves = item.get("leaves") if isinstance(item, dict) else None
    if not isinstance(leaves, dict) or item.keys() != {"leaves", "sha256"}:
        return False
    forms = {"empty": str}, {"shape": list, "dtype": str, "sha256": str}
    return all(
        isinstance(leaf, dict) and {name: type(value) for name, value in leaf.items()} in forms
        for leaf in leaves.values()
    )


def _is_empty(node: Any) -> bool:
    """Returns whether this is a node without children, such as an empty tuple."""
    structure: Any = jax.tree.structure(node)
    return structure.num_nodes == 1 and structure.num_leaves == 0


def _describe(tree: Any, digest: Callable[[str, Any], str] | None = None) -> dict[str, Any]:
    """Returns by path the shape, dtype and digest of each leaf, and the type of each empty node."""
    found: dict[str, Any] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree, is_leaf=_is_empty):
        name = f"state{jax.tree_util.keystr(path)}"
        if _is_empty(leaf):
            found[name] = {"empty": type(leaf).__name__}
            continue
        found[name] = {"shape": list(leaf.shape), "dtype": stored.type_name(leaf)}
        if digest:
            found[name]["sha256"] = digest(name, leaf)
    return found


def _digest(path: str, leaf: Any) -> str:
    del path
    return hashlib.sha256(stored.pack(leaf).tobytes()).hexdigest()


def _finite_digest(path: str, leaf: Any) -> str:
    if jnp.issubdtype(leaf.dtype, jnp.inexact) and not np.isfinite(leaf).all():
        raise CheckpointError(
            f"{path} is not finite and is not saved: lower the learning rate, or bound the networks"
        )
    return _digest(path, leaf)


def _digest_of_record(leaves: Any) -> str:
    return hashlib.sha256(json.dumps(leaves, sort_keys=True).encode()).hexdigest()


def _show(leaf: dict[str, Any] | None) -> str:
    if leaf is None:
        return "absent"
    return leaf.get("empty") or f"{leaf['dtype']}{leaf['shape']}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

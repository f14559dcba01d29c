"""The record beside a checkpoint's state: whose state it is, and what each leaf of it is."""

import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax.runs import stored


class CheckpointError(ValueError):
    """A state that cannot be saved or restored; the message names the leaf and the folder."""


# With another of these, a run would go on with other noise or other rounding.
SETTINGS = ("jax_enable_x64", "jax_default_prng_impl", "jax_threefry_partitionable")
_FIELDS = {"leaves": dict, "step": int, "run": str | None, "jax": str, "settings": dict}
_LEAVES = {"empty": str}, {"shape": list, "dtype": str, "sha256": str}


def make(step: int, run: str | None, state: Any) -> dict[str, Any]:
    """Returns the record of a state of NumPy arrays; CheckpointError if a leaf is not finite."""
    found = {"leaves": describe(state, _finite_digest), "step": step, "run": run}
    found |= {"jax": jax.__version__, "settings": settings()}
    return found | {"sha256": _digest_of_json(found)}


def is_record(item: Any) -> bool:
    """Returns whether this has the form that `make` gives, or the form of older versions."""
    if not isinstance(item, dict) or not isinstance(item.get("sha256"), str):
        return False
    fields = {name: value for name, value in item.items() if name != "sha256"}
    forms = {"leaves": dict} if fields.keys() == {"leaves"} else _FIELDS
    return (
        fields.keys() == forms.keys()
        and all(isinstance(fields[name], form) for name, form in forms.items())
        and all(
            isinstance(leaf, dict) and {n: type(v) for n, v in leaf.items()} in _LEAVES
            for leaf in fields["leaves"].values()
        )
    )


def is_whole(item: dict[str, Any]) -> bool:
    """Returns whether a record has the SHA-256 with which it was written."""
    fields = {name: value for name, value in item.items() if name != "sha256"}
    signed = fields["leaves"] if fields.keys() == {"leaves"} else fields
    return bool(_digest_of_json(signed) == item["sha256"])


def check_owner(item: dict[str, Any], folder: Path, run: str | None) -> None:
    """Raises CheckpointError if a record is of another step than its folder, or of another run.

    Older versions wrote neither.
    """
    if (step := item.get("step", int(folder.name))) != int(folder.name):
        raise CheckpointError(
            f"{folder} holds the state of step {step}: give the folder its own name again"
        )
    if run is not None and item.get("run") != run:
        raise CheckpointError(
            f"{folder} is a checkpoint of another run than {folder.parent.parent}: put the "
            "checkpoints of this run there"
        )


def check_settings(item: dict[str, Any], folder: Path) -> None:
    """Raises CheckpointError where the run would go on with other settings of jax than before.

    Another version of jax is a warning.
    """
    now = settings()
    for name, before in item.get("settings", {}).items():
        if name in now and now[name] != before:
            raise CheckpointError(
                f"{folder} was saved with {name} = {before}, but now it is {now[name]}: set "
                f"{name.upper()}={before} in the environment to go on with this run"
            )
    if (version := item.get("jax", jax.__version__)) != jax.__version__:
        warnings.warn(
            f"{folder} was saved with jax {version}, and goes on with {jax.__version__}: the run "
            "may differ in rounding from one that was not interrupted",
            stacklevel=4,
        )


def check_leaves(item: dict[str, Any], folder: Path, like: Any) -> None:
    """Raises CheckpointError at the first leaf that is absent from one, or differs."""
    saved, wanted = item["leaves"], describe(like)
    for path in [*wanted, *saved]:
        here, there = _show(wanted.get(path)), _show(saved.get(path))
        if here != there:
            raise CheckpointError(
                f"{path} is {there} in step {folder.name} of {folder.parent}, but {here} in this "
                "configuration: use the configuration that it was saved with"
            )


def describe(tree: Any, digest: Callable[[str, Any], str] | None = None) -> dict[str, Any]:
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


def digest(path: str, leaf: Any) -> str:
    """Returns the SHA-256 of a leaf's bytes."""
    del path
    # Not tobytes, which copies the leaf while no other thread runs.
    raw = np.ascontiguousarray(stored.pack(leaf)).reshape(-1).view(np.uint8)
    return hashlib.sha256(raw.data).hexdigest()


def _finite_digest(path: str, leaf: Any) -> str:
    if jnp.issubdtype(leaf.dtype, jnp.inexact) and not np.isfinite(leaf).all():
        raise CheckpointError(
            f"{path} is not finite and is not saved: lower the learning rate, or bound the networks"
        )
    return digest(path, leaf)


def settings() -> dict[str, Any]:
    """Returns the settings of jax that a state depends on, as this thread has them."""
    return {name: getattr(jax.config, name) for name in SETTINGS if hasattr(jax.config, name)}


def _digest_of_json(node: Any) -> str:
    return hashlib.sha256(json.dumps(node, sort_keys=True).encode()).hexdigest()


def _is_empty(node: Any) -> bool:
    """Returns whether this is a node without children, such as an empty tuple."""
    structure: Any = jax.tree.structure(node)
    return structure.num_nodes == 1 and structure.num_leaves == 0


def _show(leaf: dict[str, Any] | None) -> str:
    if leaf is None:
        return "absent"
    return leaf.get("empty") or f"{leaf['dtype']}{leaf['shape']}"

"""One run of several processes: process 0 reads and writes its folder, the others follow.

Every process must call these functions at the same place; `several` is False for a process alone.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np

from gans_jax import parallel
from gans_jax.runs.config import ConfigError

T = TypeVar("T")


def on_first(function: Callable[[], T], several: bool) -> T | None:
    """What `function` returns, on process 0 alone; None on the others, which wait for it.

    ConfigError on the others if it fails there, so that none waits for a process that has ended.
    """
    if not several:
        return function()
    error = result = None
    if jax.process_index() == 0:
        try:
            result = function()
        except Exception as caught:
            error = caught
    failed = _from_first(np.int32(error is not None))
    if error:
        raise error
    if failed:
        raise ConfigError("process 0 has ended the run: its message says why")
    return result


def share(value: Any, like: Any) -> Any:
    """The tree of arrays that process 0 has, to the bit; `like` has the shapes and types."""
    if value is None:
        value = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), like)
    # As bytes, since a sum over the processes, with zeros for the others', makes 0.0 of -0.0.
    raw = jax.tree.map(lambda leaf: np.ravel(np.asarray(leaf)).view(np.uint8), value)
    back = lambda leaf, own: np.asarray(own).view(leaf.dtype).reshape(leaf.shape)
    return jax.tree.map(back, like, _from_first(raw))


def largest(number: int) -> int:
    """The largest of the processes' numbers."""
    from jax.experimental import multihost_utils  # needed only here

    return int(np.max(multihost_utils.process_allgather(np.int32(number))))


def check_same(value: Any, name: str, several: bool) -> None:
    """ConfigError on every process unless the value is the same on all of them."""
    try:
        if several:
            parallel.check_same(value, name)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def files(source: Any) -> list[Any]:
    """The names of the files of a source and of those within it, as far as they have been listed.

    Their order is that of the examples, so that hosts with equal names read the same ones.
    """
    found = []
    for name, value in sorted(getattr(source, "__dict__", {}).items()):
        if name == "files":
            found.append(value)
        inner = value if isinstance(value, tuple | list) else [value]
        found += [
            names for each in inner if dataclasses.is_dataclass(each) for names in files(each)
        ]
    return found


def _from_first(tree: Any) -> Any:
    from jax.experimental import multihost_utils  # needed only here

    return multihost_utils.broadcast_one_to_all(tree)

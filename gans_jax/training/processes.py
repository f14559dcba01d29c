"""One run of several processes: process 0 reads and writes its folder, the others follow."""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from gans_jax import parallel
from gans_jax.runs import remote, stored
from gans_jax.runs.config import ConfigError

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Processes:
    """What the processes of a run do together; all must call these functions at the same place."""

    several: bool

    @classmethod
    def of(cls, devices: Sequence[jax.Device] | None) -> Self:
        """Returns the processes that the devices belong to; None stands for the default device."""
        return cls(len({device.process_index for device in devices or ()}) > 1)

    @property
    def is_first(self) -> bool:
        """Whether this process reads and writes the run folder."""
        return not self.several or jax.process_index() == 0

    @property
    def shard(self) -> tuple[int, int]:
        """The (index, count) of this process, for `data.stream`."""
        return parallel.shard() if self.several else (0, 1)

    def on_first(self, function: Callable[[], T]) -> T | None:
        """Returns what a function returns on process 0; None on the others, which wait for it.

        Raises:
          ConfigError: on the others if it fails there, so that none waits for one that has ended.
        """
        if not self.several:
            return function()
        error = result = None
        if self.is_first:
            try:
                result = function()
            except Exception as caught:
                error = caught
        failed = multihost_utils.broadcast_one_to_all(np.int32(error is not None))
        if error:
            raise error
        if failed:
            raise ConfigError("process 0 has ended the run: its message says why")
        return result

    def opened(
        self, stack: contextlib.ExitStack, workdir: str | os.PathLike[str], *, new: bool = False
    ) -> remote.Place:
        """Returns the place of a run until the stack is closed; process 0 alone may publish there.

        Raises:
          ConfigError: on the others if it cannot be had.
          Exception: whatever `runs.remote.opened` raises on process 0.
        """
        own = self.on_first(lambda: stack.enter_context(remote.opened(workdir, new=new)))
        return own or stack.enter_context(remote.followed(workdir, new=new))

    def share(self, tree: Any, like: Any) -> Any:
        """Returns process 0's tree of arrays, to the bit; `like` has its shapes and types."""
        if not self.several:
            return tree
        blank = jax.tree.map(stored.blank, like)
        packed = jax.tree.map(stored.pack, tree) if self.is_first else blank
        # As bytes, since a sum over the processes, with zeros for the others', makes 0.0 of -0.0.
        raw = jax.tree.map(lambda leaf: np.ravel(leaf).view(np.uint8), packed)
        raw = multihost_utils.broadcast_one_to_all(raw)
        as_blank = lambda leaf, own: np.asarray(own).view(leaf.dtype).reshape(leaf.shape)
        return jax.tree.map(stored.unpack, jax.tree.map(as_blank, blank, raw), like)

    def check_same(
        self, value: Any, name: str, differences: Callable[[str, str], list[str]] | None = None
    ) -> None:
        """Raises ConfigError on every process unless the value is the same on all of them.

        `differences` is as for `parallel.check_same`.
        """
        try:
            if self.several:
                parallel.check_same(value, name, differences)
        except ValueError as error:
            raise ConfigError(str(error)) from error

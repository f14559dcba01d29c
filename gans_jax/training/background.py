"""What is done beside the loop: a copy of the state, and one task at a time in a thread."""

import contextlib
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import jax
import numpy as np

from gans_jax.runs import record, stored

T = TypeVar("T")

# More threads than these copy no faster: the memory is the limit.
COPIERS = min(4, os.cpu_count() or 1)


class HostCopy:
    """Memory of the host for one copy of a state, of which each `take` overwrites the one before.

    `shapes` are the shapes and types of the state. To make an object takes seconds for large
    states, since the system gives out memory slowly; to copy into it then takes none.
    """

    def __init__(self, shapes: Any) -> None:
        self._shapes = shapes
        self._numbers = jax.tree.map(_written, jax.eval_shape(_numbers, shapes))

    def take(self, state: Any) -> Any:
        """Returns a copy of a state on one device, which may be donated afterwards."""
        sources = jax.tree.leaves(jax.device_get(_numbers(state)))
        with ThreadPoolExecutor(COPIERS, "copy") as pool:
            # A list, so that an error of a copy is raised.
            list(pool.map(np.copyto, jax.tree.leaves(self._numbers), sources))
        return jax.tree.map(stored.unpack, self._numbers, self._shapes)


class Background:
    """A thread that runs one task at a time, with the settings of jax of the thread that asks."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "background")
        self._task: Future[Any] | None = None

    @property
    def failed(self) -> bool:
        """Whether the task has ended with an error, which `wait` raises."""
        task = self._task
        return task is not None and task.done() and task.exception() is not None

    def wait(self) -> None:
        """Waits for the task, and raises its error."""
        if self._task:
            self._task.result()

    def begin(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Begins a task after the one before, whose error is raised; the future is its result."""
        self.wait()
        task = self._executor.submit(_under, record.settings(), function, arguments)
        self._task = task
        return task

    def close(self) -> None:
        """Waits for the task, and ends the thread; an error is not raised."""
        self._executor.shutdown()


@jax.transfer_guard("allow")
def _under(settings: dict[str, Any], function: Callable[..., T], arguments: Any) -> T:
    with contextlib.ExitStack() as stack:
        for name, value in settings.items():
            stack.enter_context(getattr(jax, name.removeprefix("jax_"))(value))
        return function(*arguments)


def _numbers(state: Any) -> Any:
    """Returns a state with the numbers of its keys."""
    as_numbers = lambda leaf: jax.random.key_data(leaf) if stored.is_key(leaf) else leaf
    return jax.tree.map(as_numbers, state)


def _written(shape: jax.ShapeDtypeStruct) -> np.ndarray:
    """Returns an array of memory that the system has really given."""
    array = np.empty(shape.shape, shape.dtype)
    array.fill(0)
    return array

"""What is done beside the loop: a copy of the state, and tasks in threads of their own."""

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


class Repeated:
    """A thread that runs a function after each `ask`, once for all that ask before it begins."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._executor, self._function = ThreadPoolExecutor(1, "repeated"), function
        # The last task, and the one before, which may still be running.
        self._tasks: tuple[Future[None], ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the function has raised an error, which `wait` raises."""
        return any(task.done() and task.exception() is not None for task in self._tasks)

    def ask(self) -> None:
        """Makes the function begin once more, after the run of it that is under way."""
        last = self._tasks[-1:]
        if not last or last[0].running() or last[0].done():
            self._tasks = *last, self._executor.submit(self._function)

    def wait(self) -> None:
        """Waits until the function has ended for all that asked, and raises its error."""
        for task in self._tasks:
            task.result()

    def close(self) -> None:
        """Waits until the function has ended, and ends the thread; an error is not raised."""
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

"""The batches of a run, from its source to the devices."""

import collections
import dataclasses
import functools
import math
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import core, data
from gans_jax.data.prefetch import CORES, Prefetched
from gans_jax.data.source import Example
from gans_jax.runs.experiment import Experiment
from gans_jax.training.layout import Layout

POLL = 0.1  # seconds until a signal is noticed while the source is silent
SILENCE = 60.0  # seconds of silence after which the source is named
# Seconds of silence after a signal after which a process no longer waits for its data, so that it
# can stop together with the others.
GRACE = 5.0
# Batches that are read ahead take so many bytes at most, unless two threads a seed need more.
AHEAD = 2**30
MOST_THREADS = 32  # a bound for hosts with hundreds of cores
IMAGES = {"image", "a", "b"}  # examples that may be images
ROUNDING = 1e-3  # by how much floats may pass [-1, 1]
LARGEST = 1e9  # the magnitude of a number that no example has, unless it is damaged


class Given(NamedTuple):
    """What a dispatch takes besides the state: its batch, and the keys of its iterations."""

    batch: core.Batch
    keys: jax.Array


@dataclasses.dataclass(frozen=True)
class Feed:
    """The batches of a run's dispatches, with their examples along `batch_axis`.

    `shard` is the (index, count) of this process, and `workers` the number of its processes that
    read batches; with 0 its threads do. `unfit` collects which iterations' batches hold
    numbers that nothing can be learned from, and what they hold.
    """

    experiment: Experiment
    layout: Layout
    batch_axis: int
    shard: tuple[int, int]
    workers: int = 0
    unfit: collections.deque[tuple[int, str]] = dataclasses.field(
        default_factory=lambda: collections.deque(maxlen=100)
    )

    @functools.cached_property
    def streams(self) -> list[data.Stream]:
        """The stream of each seed."""
        run, seeds = self.experiment, self.layout.seeds
        return [data.stream(run.data, run.batch_size, s, run.method, self.shard) for s in seeds]

    @functools.cached_property
    def _first(self) -> dict[str, jax.ShapeDtypeStruct]:
        """The shapes and types of what this process reads for iteration 0."""
        ahead = Prefetched(self.streams[0].__getitem__, [0], threads=1, buffer=1)
        while not ahead.ready(SILENCE):
            warnings.warn(f"the source has given no batch yet in {SILENCE:g} s", stacklevel=2)
        batch = next(ahead)
        self._check_numbers(0, batch)
        for name in sorted(IMAGES & batch.keys()):
            self._check_image(name, batch[name])
        return {name: jax.ShapeDtypeStruct(v.shape, v.dtype) for name, v in batch.items()}

    @functools.cached_property
    def batch_shapes(self) -> dict[str, jax.ShapeDtypeStruct]:
        """The shapes and types of the batch of iteration 0, of all processes together."""
        axis, size = self.experiment.method.batch_axis, self.experiment.batch_size
        whole = {n: (*v.shape[:axis], size, *v.shape[axis + 1 :]) for n, v in self._first.items()}
        return {n: jax.ShapeDtypeStruct(whole[n], v.dtype) for n, v in self._first.items()}

    @property
    def example_shapes(self) -> dict[str, jax.ShapeDtypeStruct]:
        """The shapes and types of an example."""
        axis = self.experiment.method.batch_axis
        return {
            name: jax.ShapeDtypeStruct(leaf.shape[axis + 1 :], leaf.dtype)
            for name, leaf in self._first.items()
        }

    @property
    def threads(self) -> int:
        """How many threads read batches, or wait for the processes that do.

        It is one a core, if there is room for two batches of each.
        """
        if self.workers:
            return self.workers + 1
        batch = sum(math.prod(v.shape) * v.dtype.itemsize for v in self._first.values())
        fitting = AHEAD // (2 * max(batch, 1))
        return max(2 * len(self.streams), min(CORES, MOST_THREADS, fitting))

    def direct(self, number: int, t: int) -> Example:
        """Reads the batch of iteration t of a seed's number in this thread."""
        return self.streams[number][t]

    def checked(self, read: Callable[[int, int], Example], place: tuple[int, int]) -> Example:
        """Returns what `read` returns for an iteration and a seed's number; DataError if unfit."""
        t, number = place
        batch = read(number, t)
        if differs := self._differs(t, batch):
            raise data.DataError(
                f"the batch of iteration {t + 1} {differs}: make all examples of the source alike"
            )
        self._check_numbers(t, batch)
        return batch

    def _check_image(self, name: str, values: np.ndarray) -> None:
        """Raises DataError for images whose numbers no method takes; points have any range."""
        axis = self.experiment.method.batch_axis
        if values.ndim != axis + 4 or values.dtype == np.uint8:
            return
        if not np.issubdtype(values.dtype, np.floating):
            raise data.DataError(
                f"`{name}` is of type {values.dtype}: give images as uint8, or as float in [-1, 1]"
            )
        low, high = float(values.min()), float(values.max())
        if max(-low, high) > 1 + ROUNDING or (low >= 0 and high > 0.5):
            raise data.DataError(
                f"`{name}` has floats from {low:g} to {high:g} in the first batch: give images as "
                "uint8, or as float in [-1, 1], such as 2 * x - 1 for x from 0 to 1"
            )

    def _check_numbers(self, t: int, batch: Example) -> None:
        for found in self.refuse_unfit(f"the batch of iteration {t + 1}", batch):
            self.note_unfit(t, found)

    def refuse_unfit(self, what: str, examples: Example) -> list[str]:
        """Raises DataError for numbers or labels in `what` from which nothing can be learned.

        Where the run skips iterations that are not finite, it returns what the numbers are.
        """
        found = [f"holds {bad} in `{n}`" for n, v in examples.items() if (bad := _unfit(v))]
        if found and not self.experiment.skip_nonfinite:
            raise data.DataError(f"{what} {found[0]}: repair the example or remove it")
        if self.experiment.method.classes and "label" in examples:
            try:
                core.refuse_other_labels(examples["label"], self.experiment.method.classes)
            except ValueError as error:
                raise data.DataError(f"{what}: {error}") from error
        return found

    def note_unfit(self, t: int, found: str) -> None:
        """Remembers what the batch of iteration t holds, such as "holds NaN in `image`"."""
        self.unfit.append((t, f"the batch of iteration {t + 1} {found}"))

    def blamed(self, iterations: range) -> str | None:
        """Returns what is wrong with the batch of one of these iterations, if anything is."""
        return next((text for t, text in [*self.unfit] if t in iterations), None)

    def _differs(self, t: int, batch: Example) -> str | None:
        """Says where a batch has other names, shapes or types than the one of iteration 0."""
        if batch.keys() != self._first.keys():
            return f"has {', '.join(batch)}, but the first one has {', '.join(self._first)}"
        method = self.experiment.method
        minibatches = (len(method.minibatches(t)),) * method.batch_axis
        for name, first in self._first.items():
            expected = (*minibatches, *first.shape[method.batch_axis :])
            found = batch[name]
            if (found.dtype, found.shape) != (first.dtype, expected):
                return (
                    f"has `{name}` of type {found.dtype} and shape {list(found.shape)}, but the "
                    f"first one has type {first.dtype} and shape {list(expected)}"
                )
        return None


class Batches:
    """The batches of a run's dispatches, read ahead of the loop and moved to where the step runs.

    `timeout` is after how many seconds of silence DataError is raised; None waits for ever. `keys`
    returns the keys of the dispatch that begins at an iteration. `waited` is for how many seconds
    `take` has waited for the source.
    """

    def __init__(
        self, feed: Feed, start: int, timeout: float | None, keys: Callable[[int], jax.Array]
    ) -> None:
        self._feed, self._timeout, self._t, self._keys = feed, timeout, start, keys
        self.waited = 0.0
        self._repeat, seeds = feed.experiment.repeat, range(len(feed.streams))
        iterations = range(start, feed.experiment.iterations)
        places = ((t, number) for t in iterations for number in seeds)
        self._workers = data.Workers(feed.streams, feed.workers) if feed.workers else None
        read = functools.partial(feed.checked, self._workers.read if self._workers else feed.direct)
        self._ahead = Prefetched(read, places, feed.threads, buffer=2 * feed.threads)

    def close(self) -> None:
        """Ends the threads and processes that read."""
        self._ahead.close()
        if self._workers:
            self._workers.close()

    def take(self, signal: Callable[[], int]) -> Given | None:
        """Returns the next dispatch's batch and keys; None if a signal comes before it is read.

        Raises:
          DataError: if the batch is unfit, or not there in time.
          Exception: whatever the source raises.
        """
        first = self._t
        own: list[list[Example]] = [[] for _ in self._feed.streams]
        for _ in range(self._repeat):
            for batches in own:
                began = time.perf_counter()
                what = f"batch for iteration {self._t + 1}"
                if not wait(self._ahead, what, signal, self._timeout, self._feed.shard):
                    return None
                self.waited += time.perf_counter() - began
                try:
                    batches.append(next(self._ahead))
                except data.DataError:
                    if signal():  # it may have ended the processes that read, too
                        return None
                    raise
            self._t += 1
        stacked = [_stack(batches) if self._repeat > 1 else batches[0] for batches in own]
        return Given(self._feed.layout.put(stacked, self._feed.batch_axis), self._keys(first))


def wait(
    ahead: Prefetched[Any, Any],
    what: str,
    signal: Callable[[], int],
    timeout: float | None,
    shard: tuple[int, int],
) -> bool:
    """Waits until the next value is there, and returns False if a signal comes before it.

    It warns of a source that is silent for a minute.

    Args:
      ahead: the values, which are read ahead.
      what: the value in words, such as "batch for iteration 3".
      signal: returns the number of the signal that this process has received, 0 before.
      timeout: after how many seconds of silence DataError is raised; None waits for ever.
      shard: the (index, count) of this process.
    """
    began, warn_at = time.monotonic(), SILENCE
    index, count = shard
    grace = GRACE if count > 1 else 0
    reader = f"process {index} waits" if count > 1 else "the run waits"
    while not ahead.ready(POLL):
        seconds = time.monotonic() - began
        silent = f"the source has given no {what} in {seconds:.0f} s"
        if signal() and seconds >= grace:
            return False
        if timeout is not None and seconds >= timeout:
            raise data.DataError(
                f"{silent}, and --data-timeout is {timeout:g} s: see whether its disk or its "
                "server answers, or allow it more time"
            )
        if seconds >= warn_at:
            warn_at *= 2
            text = "--data-timeout SECONDS ends a run that waits longer, with its state saved"
            warnings.warn(f"{silent}, and {reader} for it; {text}", stacklevel=2)
    return True


def _stack(batches: list[Example]) -> Example:
    """Stacks batches along a new leading axis."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *batches)


def _unfit(values: np.ndarray) -> str | None:
    """Names a number that nothing can be learned from, if there is one."""
    if not values.size or not jnp.issubdtype(values.dtype, jnp.floating):
        return None
    smallest, largest = float(values.min()), float(values.max())
    if not np.isfinite([smallest, largest]).all():
        return "NaN" if np.isnan(smallest) else "an infinite number"
    extreme = max(smallest, largest, key=abs)
    return f"{extreme:g}, which is out of range," if abs(extreme) > LARGEST else None

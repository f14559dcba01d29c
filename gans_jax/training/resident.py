"""The batches of a run whose examples stay in device memory."""

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jax import Array, lax

from gans_jax import core, data
from gans_jax.data.prefetch import Prefetched
from gans_jax.data.resident import Rows, Share, read
from gans_jax.data.source import Example
from gans_jax.training.feed import Feed, Given, wait

LEAST = 2**16  # indices that are sent at once, so that a small set is not sent to every few batches


class ResidentBatches:
    """The batches of a run's dispatches, which the devices gather from all examples.

    The order of the examples is NumPy's, which a device cannot compute. So the host sends the
    indices of an epoch of batches at once, and a count on the device says which of them are next.
    Between two tables of indices nothing moves from the host to the devices. Every batch is, to the
    bit, the one that `Batches` takes. `fold_in` returns the keys of some iterations from one on.
    """

    def __init__(
        self,
        feed: Feed,
        start: int,
        timeout: float | None,
        run_key: Array,
        fold_in: Callable[[Array, Any, int], Array],
        sharded: bool,
    ) -> None:
        self._feed, self._timeout, self._sharded, self._t = feed, timeout, sharded, start
        self.waited = 0.0  # seconds in which the examples were read; the loop reads it
        self._run_key, self._repeat = run_key, feed.experiment.repeat
        self._examples: data.Resident | None = None
        self._unfit: dict[int, str] = {}
        self._spans = self._alike(start)
        self._span = range(0)
        self._table: Any = None
        self._clock = feed.layout.everywhere(np.int32(start))
        axis, repeat = feed.batch_axis, self._repeat

        def following(
            examples: data.Resident, table: Array, first: Array, t: Array, key: Array
        ) -> tuple[core.Batch, Array, Array]:
            indices = lax.dynamic_index_in_dim(table, (t - first) // repeat, keepdims=False)
            return examples[indices], fold_in(key, t, repeat), t + repeat

        ins = (0 if sharded else None, axis + 1, None, None, None)
        self._following = feed.layout.map(following, ins, (axis, None, None))

    def close(self) -> None:
        """Forgets the examples, whose memory the devices then have back."""
        self._examples = None

    def take(self, signal: Callable[[], int]) -> Given | None:
        """Returns the next dispatch's batch and keys; None if a signal comes before they are there.

        Raises:
          DataError: if the examples are unfit, or not there in time.
          Exception: whatever the source raises.
        """
        if self._examples is None:
            began = time.perf_counter()
            if not self._load(signal):
                return None
            self.waited = time.perf_counter() - began
        if self._t not in self._span:
            self._span = next(self._spans)
            self._table = self._place(self._span)
        self._note_unfit()
        batch, keys, self._clock = self._following(
            self._examples, *self._table, self._clock, self._run_key
        )
        self._t += self._repeat
        return Given(batch, keys)

    def _load(self, signal: Callable[[], int]) -> bool:
        """Reads and checks all examples, and returns False if a signal comes before the end."""
        source, mesh = self._feed.experiment.data, self._feed.layout.mesh
        share = Share.of(len(source), mesh)
        rows, parts = Rows(share.rows, self._feed.example_shapes), share.parts()
        ahead = Prefetched(functools.partial(read, source), parts, threads=2, buffer=4)
        try:
            for part in parts:
                what = f"examples {part.start} to {part.stop - 1}"
                if not wait(ahead, what, signal, self._timeout, self._feed.shard):
                    return False
                examples = next(ahead)
                self._check(part, examples)
                rows.add(examples)
        finally:
            ahead.close()
        self._examples = rows.place(mesh, self._sharded)
        return True

    def _check(self, part: range, examples: Example) -> None:
        """Raises DataError for an example from which nothing can be learned, once for the run."""
        refuse = self._feed.refuse_unfit
        try:
            if not refuse("", examples):
                return
        except data.DataError:
            pass  # the example at fault is named below
        for row, index in enumerate(part):
            one = {name: values[row : row + 1] for name, values in examples.items()}
            if found := refuse(f"example {index} of the source", one):
                self._unfit[index] = found[0]

    def _note_unfit(self) -> None:
        """Remembers which unfit examples the next dispatch learns from, where they are allowed."""
        if not self._unfit:
            return
        for t in range(self._t, self._t + self._repeat):
            for stream in self._feed.streams:
                for index in {*stream.indices(t).ravel().tolist()} & self._unfit.keys():
                    self._feed.note_unfit(t, self._unfit[index])

    def _alike(self, start: int) -> Iterator[range]:
        """Yields the dispatches of each table, whose iterations take equally many minibatches."""
        run = self._feed.experiment
        taken = lambda t: len(run.method.minibatches(t))
        while start < run.iterations:
            end, last = start, min(run.iterations, start + self._most(start) * self._repeat)
            while end < last and taken(end) == taken(start):
                end += self._repeat
            yield range(start, end, self._repeat)
            start = end

    def _most(self, t: int) -> int:
        """Returns how many dispatches as the one at iteration t have their indices in a table."""
        run = self._feed.experiment
        each = run.batch_size * len(run.method.minibatches(t)) * self._repeat
        return -(-max(len(run.data), LEAST) // each)

    def _place(self, span: range) -> tuple[Array, Array]:
        """Returns the indices of some dispatches, and the first iteration, on the devices."""
        layout = self._feed.layout
        indices = [np.asarray(layout.join(self._indices(t)), np.int32) for t in span]
        # Tables of one shape, so that the last and shorter one compiles nothing.
        table = np.zeros((self._most(span.start), *indices[0].shape), np.int32)
        table[: len(indices)] = indices
        placed = layout.put_joined(table, self._feed.batch_axis + 1)
        return placed, layout.everywhere(np.int32(span.start))

    def _indices(self, t: int) -> list[np.ndarray]:
        """Returns the indices of the dispatch at iteration t, for each seed."""
        if self._repeat == 1:
            return [stream.indices(t) for stream in self._feed.streams]
        iterations = range(t, t + self._repeat)
        return [np.stack([s.indices(u) for u in iterations]) for s in self._feed.streams]

"""What a run computes: its initial state and its dispatches."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import core, wrappers
from gans_jax.runs import folder
from gans_jax.runs.experiment import Experiment
from gans_jax.training.feed import Batches, Feed, Given
from gans_jax.training.layout import Layout
from gans_jax.training.outcome import SIGNAL, Outcome, with_outcome
from gans_jax.training.placement import Choice, Placement, choose, free_bytes
from gans_jax.training.processes import Processes
from gans_jax.training.resident import ResidentBatches


@dataclasses.dataclass(frozen=True)
class Program:
    """The compiled step of an experiment, and the state, batches and keys that it takes.

    One call of the step, a dispatch, runs `experiment.repeat` iterations of every seed.
    `data_on_device` says whether the examples stay in device memory, and `data_workers` how many
    processes read them if not, neither of which changes a bit.
    """

    experiment: Experiment
    layout: Layout
    processes: Processes
    data_on_device: Choice = "auto"
    data_workers: int = 0

    @functools.cached_property
    def stepped(self) -> Any:
        """The method whose step is a dispatch."""
        method, k = self.experiment.wrapped(), self.experiment.repeat
        return with_outcome(self.layout.wrap(wrappers.repeat(method, k) if k > 1 else method))

    @functools.cached_property
    def step(self) -> Any:
        return self.layout.compile(self.stepped)

    @functools.cached_property
    def feed(self) -> Feed:
        shard = self.processes.shard
        return Feed(self.experiment, self.layout, self.stepped.batch_axis, shard, self.data_workers)

    @functools.cached_property
    def keys_by_use(self) -> tuple[tuple[jax.Array, ...], ...]:
        """The keys of the initial state, the iterations and the pictures, each of all seeds."""
        keys = [jax.random.split(jax.random.key(seed), 3) for seed in self.layout.seeds]
        return tuple(zip(*keys, strict=True))

    @functools.cached_property
    def _run_key(self) -> jax.Array:
        _, run_keys, _ = self.keys_by_use
        return self.layout.everywhere(self.layout.join(run_keys))

    @functools.cached_property
    def state_shapes(self) -> core.State:
        """The shapes of a seed's state; ConfigError if the networks do not fit the data."""
        return folder.state_shapes(self.experiment.wrapped(), self.feed.batch_shapes)

    def step_shapes(self) -> tuple[core.State, Outcome]:
        """Returns the shapes of what a dispatch returns, from the trace that the first one uses."""
        return self.step.eval_shape(*self._argument_shapes())

    def _argument_shapes(self) -> tuple[Any, ...]:
        layout, run, axis = self.layout, self.experiment, self.stepped.batch_axis
        each = [self.state_shapes] * len(layout.seeds)
        batch = self.feed.batch_shapes
        leading = (len(layout.seeds),) * layout.stacked + (run.repeat,) * (run.repeat > 1)
        batch = {n: jax.ShapeDtypeStruct((*leading, *v.shape), v.dtype) for n, v in batch.items()}
        if self.processes.several:
            batch[SIGNAL] = jax.ShapeDtypeStruct(self._signals(run.batch_size), jnp.int32)
        state = jax.eval_shape(lambda *states: layout.join(states), *each)
        return *layout.placed_shapes(state, batch, axis), self.keys(0)

    @functools.cached_property
    def placement(self) -> Placement:
        """Where the examples of this run are; DataError if they must be where they cannot."""
        devices = [None] if self.layout.mesh is None else [*self.layout.mesh.local_devices]
        # All processes must find the same, so that they take the memory that process 0 finds.
        found = free_bytes(devices[0] or jax.devices()[0])
        count = np.array(-1 if found is None else found, np.int64)
        shared = int(self.processes.share(count, count))
        return choose(
            self.data_on_device,
            self.feed,
            None if shared < 0 else shared,
            self._step_bytes,
        )

    def _step_bytes(self) -> int:
        """Returns the memory that a dispatch takes on a device, from the program that runs it."""
        memory = self.step.lower(*self._argument_shapes()).compile().memory_analysis()
        results = memory.output_size_in_bytes - memory.alias_size_in_bytes
        return int(memory.argument_size_in_bytes + memory.temp_size_in_bytes + results)

    def _signals(self, examples: int) -> tuple[int, ...]:
        """Returns the shape of the leaf that carries a signal, with one number an example."""
        return (1,) * self.stepped.batch_axis + (examples,)

    def init(self) -> core.State:
        """Returns the initial state, for each seed to the bit the one of its run alone."""
        init, (init_keys, _, _) = jax.jit(self.experiment.wrapped().init), self.keys_by_use
        pairs = zip(init_keys, self.feed.streams, strict=True)
        return self.layout.place([init(key, stream[0]) for key, stream in pairs])

    def keys(self, t: int) -> jax.Array:
        """Returns the keys of the dispatch that begins at iteration t."""
        return _fold_in(self._run_key, t, self.experiment.repeat)

    def batches(self, start: int, timeout: float | None) -> Batches | ResidentBatches:
        """Returns what each dispatch from iteration `start` on takes besides the state."""
        if self.placement.where == "host":
            return Batches(self.feed, start, timeout, self.keys)
        sharded = self.placement.where == "sharded"
        return ResidentBatches(self.feed, start, timeout, self._run_key, _fold_in, sharded)

    def dispatch(self, state: Any, given: Given, signal: int) -> tuple[Any, Outcome]:
        """Runs a dispatch, which tells all processes of `signal`."""
        batch = given.batch
        if self.processes.several:
            batch = batch | (self._signal_leaf(signal) if signal else self._no_signal)
        return self.step(state, batch, given.keys)

    @functools.cached_property
    def _no_signal(self) -> core.Batch:
        return self._signal_leaf(0)  # placed once, so that a dispatch moves nothing

    def _signal_leaf(self, signal: int) -> core.Batch:
        _, count = self.processes.shard
        leaf = np.full(self._signals(self.experiment.batch_size // count), signal, np.int32)
        return self.layout.put([{SIGNAL: leaf}], self.stepped.batch_axis)


@functools.partial(jax.jit, static_argnums=2)
def _fold_in(run_key: jax.Array, t: int, k: int) -> jax.Array:
    """Returns the keys of iterations t to t + k - 1, of one run or of each seed."""
    if run_key.ndim:
        return jax.vmap(lambda key: _fold_in(key, t, k))(run_key)
    if k == 1:
        return jax.random.fold_in(run_key, t)
    return jax.vmap(jax.random.fold_in, (None, 0))(run_key, t + jnp.arange(k))

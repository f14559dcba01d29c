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
from gans_jax.training.feed import Feed
from gans_jax.training.layout import Layout
from gans_jax.training.outcome import SIGNAL, Outcome, with_outcome
from gans_jax.training.processes import Processes


@dataclasses.dataclass(frozen=True)
class Program:
    """The compiled step of an experiment, and the state, batches and keys that it takes.

    One call of the step, a dispatch, runs `experiment.repeat` iterations of every seed.
    """

    experiment: Experiment
    layout: Layout
    processes: Processes

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
        return Feed(self.experiment, self.layout, self.stepped.batch_axis, self.processes.shard)

    @functools.cached_property
    def keys_by_use(self) -> tuple[tuple[jax.Array, ...], ...]:
        """The keys of the initial state, the iterations and the pictures, each of all seeds."""
        keys = [jax.random.split(jax.random.key(seed), 3) for seed in self.layout.seeds]
        return tuple(zip(*keys, strict=True))

    @functools.cached_property
    def _run_key(self) -> jax.Array:
        _, run_keys, _ = self.keys_by_use
        return self.layout.join(run_keys)

    @functools.cached_property
    def state_shapes(self) -> core.State:
        """The shapes of a seed's state; ConfigError if the networks do not fit the data."""
        return folder.state_shapes(self.experiment.wrapped(), self.feed.batch_shapes)

    def step_shapes(self) -> tuple[core.State, Outcome]:
        """Returns the shapes of what a dispatch returns, from the trace that the first one uses."""
        layout, run, axis = self.layout, self.experiment, self.stepped.batch_axis
        each = [self.state_shapes] * len(layout.seeds)
        batch = self.feed.batch_shapes
        leading = (len(layout.seeds),) * layout.stacked + (run.repeat,) * (run.repeat > 1)
        batch = {n: jax.ShapeDtypeStruct((*leading, *v.shape), v.dtype) for n, v in batch.items()}
        if self.processes.several:
            batch[SIGNAL] = jax.ShapeDtypeStruct(self._signals(run.batch_size), jnp.int32)
        state = jax.eval_shape(lambda *states: layout.join(states), *each)
        keys = _fold_in(self._run_key, 0, run.repeat)
        return self.step.eval_shape(*layout.placed_shapes(state, batch, axis), keys)

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

    def dispatch(self, state: Any, batch: core.Batch, t: int, signal: int) -> tuple[Any, Outcome]:
        """Runs the dispatch that begins at iteration t, which tells all processes of `signal`."""
        if self.processes.several:
            _, count = self.processes.shard
            leaf = np.full(self._signals(self.experiment.batch_size // count), signal, np.int32)
            batch = batch | self.layout.put([{SIGNAL: leaf}], self.stepped.batch_axis)
        return self.step(state, batch, self.keys(t))


@functools.partial(jax.jit, static_argnums=2)
def _fold_in(run_key: jax.Array, t: int, k: int) -> jax.Array:
    """Returns the keys of iterations t to t + k - 1, of one run or of each seed."""
    if run_key.ndim:
        return jax.vmap(lambda key: _fold_in(key, t, k))(run_key)
    if k == 1:
        return jax.random.fold_in(run_key, t)
    return jax.vmap(jax.random.fold_in, (None, 0))(run_key, t + jnp.arange(k))

"""Methods made of methods, as optax makes transformations of transformations.

A wrapper is a frozen dataclass around a method, called like a function (hence the lower-case name),
and is a method itself: jit, scan, vmap, pmap and shard_map work on its step as on the step of the
method inside. With all four, read from the outside,

    seeds(repeat(skip_nonfinite(with_ema(method, 0.999)), 10), 8)

trains eight seeds, takes ten iterations in one dispatch, and an iteration that is skipped leaves
the average alone.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Batch, Direction, Metrics, Prior, State, checks


class EMAState(NamedTuple):
    """The state of the method inside, and the average `params` and `batch_stats` of its players."""

    state: State
    average: dict[str, dict[str, chex.ArrayTree]]

    @property
    def step(self) -> Array:
        """The count of iterations done."""
        return self.state.step


class SkipState(NamedTuple):
    """The state of the method inside, and how many iterations were skipped (int32)."""

    state: State
    skipped: Array
    in_a_row: Array

    @property
    def step(self) -> Array:
        """The count of iterations done."""
        return self.state.step


def unwrap(state: State) -> State:
    """Returns the state of the method inside all wrappers, as sampling reads it.

    Where the state keeps an average, the players have the average parameters and statistics; the
    optimizers' states are the players' own. A state without wrappers is returned as it is.
    """
    averages: dict[str, dict[str, chex.ArrayTree]] = {}
    while isinstance(state, EMAState | SkipState):
        if isinstance(state, EMAState):
            averages = state.average | averages  # of two averages the outer one counts
        state = state.state
    players = {n: getattr(state, n)._replace(**average) for n, average in averages.items()}
    return state._replace(**players) if players else state


def _innermost(state: State) -> State:
    return _innermost(state.state) if isinstance(state, EMAState | SkipState) else state


def _at_step(state: State, step: Array) -> State:
    """Returns the state with another count of iterations, however deep it is wrapped."""
    if isinstance(state, EMAState | SkipState):
        return state._replace(state=_at_step(state.state, step))
    return state._replace(step=step)


@dataclasses.dataclass(frozen=True)
class Wrapper:
    """Base of the wrappers: all but `init` and `step` is as in the method inside."""

    method: Any

    @property
    def batch_axis(self) -> int:
        return self.method.batch_axis

    @property
    def couples_examples(self) -> bool:
        return self.method.couples_examples

    @property
    def translates_by_batch(self) -> bool:
        return self.method.translates_by_batch

    @property
    def translates_with_noise(self) -> bool:
        return self.method.translates_with_noise

    @property
    def prior(self) -> Prior | None:
        return self.method.prior

    @property
    def classes(self) -> int:
        return self.method.classes

    @property
    def directions(self) -> tuple[Direction, ...]:
        return self.method.directions

    @property
    def sampled(self) -> tuple[str, ...]:
        return self.method.sampled

    def init(self, key: Array, batch: Batch) -> State:
        return self.method.init(key, batch)

    def step(self, state: State, batch: Batch, key: Array) -> tuple[State, Any]:
        return self.method.step(state, batch, key)

    def minibatches(self, t: int) -> range:
        return self.method.minibatches(t)

    def learning_rates(self, t: int) -> dict[str, float]:
        return self.method.learning_rates(t)

    def draw(self, *args: Any, **kwargs: Any) -> tuple[Array, ...]:
        return self.method.draw(*args, **kwargs)

    def generate(self, state: State, z: Array, *label: Array) -> Array:
        return self.method.generate(unwrap(state), z, *label)

    def sample(self, state: State, key: Array, num: int, label: Any = None) -> Array:
        given = () if label is None else (label,)  # to no method that has no such parameter
        return self.method.sample(unwrap(state), key, num, *given)

    def translate(self, state: State, *args: Any, **kwargs: Any) -> Array:
        return self.method.translate(unwrap(state), *args, **kwargs)

    def attention(self, state: State, *args: Any, **kwargs: Any) -> Array | None:
        return self.method.attention(unwrap(state), *args, **kwargs)


@dataclasses.dataclass(frozen=True)
class with_ema(Wrapper):
    """An exponential moving average of the players that `sample`, `generate`, `translate` read.

    The method names these players in `sampled`. Their parameters and batch statistics are averaged,
    `average = d * average + (1 - d) * player` after every step, with d = min(decay, (1 + t) / (10 +
    t)) after t steps. This warm-up is the one of TensorFlow's ExponentialMovingAverage: without it
    the random initial weights keep a share of decay^t, 22 % after 1,500 iterations with decay
    0.999.

    Raises:
      ValueError: for a decay outside [0, 1).
    """

    decay: float

    def __post_init__(self) -> None:
        if isinstance(self.decay, int | float) and not 0 <= self.decay < 1:
            raise ValueError(f"the decay of an average must be in [0, 1), but is {self.decay}")

    def _players(self, state: State) -> dict[str, dict[str, chex.ArrayTree]]:
        players = {name: getattr(_innermost(state), name) for name in self.sampled}
        return {n: {"params": p.params, "batch_stats": p.batch_stats} for n, p in players.items()}

    def init(self, key: Array, batch: Batch) -> EMAState:
        state = self.method.init(key, batch)
        # A copy: to donate one buffer twice is an error.
        return EMAState(state, jax.tree.map(jnp.copy, self._players(state)))

    def step(self, state: EMAState, batch: Batch, key: Array) -> tuple[EMAState, Metrics]:
        decay = jnp.minimum(self.decay, (1 + state.step) / (10 + state.step))
        inner, metrics = self.method.step(state.state, batch, key)
        average = optax.incremental_update(self._players(inner), state.average, 1 - decay)
        return EMAState(inner, average), metrics


@dataclasses.dataclass(frozen=True)
class skip_nonfinite(Wrapper):
    """Leaves the state alone where a `*_loss` or `*_gradient_norm` of the step is not finite.

    Only `state.step` advances, so that the iteration after a skipped one has the key, the batch and
    the place in a schedule that it would have had. The metrics are the step's as they are, with
    `skipped` (in all) and `skipped_in_a_row` (up to this step, 0 after a good one), from which the
    caller tells when to give up.
    """

    def init(self, key: Array, batch: Batch) -> SkipState:
        zero = jnp.zeros((), jnp.int32)
        return SkipState(self.method.init(key, batch), zero, jnp.copy(zero))

    def step(self, state: SkipState, batch: Batch, key: Array) -> tuple[SkipState, Metrics]:
        after, metrics = self.method.step(state.state, batch, key)
        judged = [v for n, v in metrics.items() if n.endswith(("_loss", "_gradient_norm"))]
        good = jnp.isfinite(jnp.array(judged)).all()
        before = _at_step(state.state, after.step)
        kept = jax.tree.map(lambda new, old: jnp.where(good, new, old), after, before)
        skipped = state.skipped + (~good).astype(jnp.int32)
        in_a_row = jnp.where(good, 0, state.in_a_row + 1)
        counts = {"skipped": skipped, "skipped_in_a_row": in_a_row}
        return SkipState(kept, skipped, in_a_row), metrics | counts


@dataclasses.dataclass(frozen=True)
class repeat(Wrapper):
    """k iterations in one dispatch, by `lax.scan`; the state is the method's own.

    What an iteration takes, the step takes k times: the batch's leaves are `[k, ...]`, so that
    `batch_axis` is one more, and the keys are `[k]`, for the iterations from t on
    `jax.vmap(jax.random.fold_in, (None, 0))(run_key, t + jnp.arange(k))`. So it is the same run as
    without `repeat`. The metrics are the last iteration's, but a gradient norm is the largest.

    Streams are made for the method inside, and their batches t to t + k - 1 are stacked. Iterations
    that take different numbers of minibatches (WGAN's warm-up) do not stack: take them one by one.
    It pays where an iteration takes little longer than its dispatch (docs/vocabulary.md).
    """

    k: int

    def __post_init__(self) -> None:
        checks.positive(k=self.k)

    @property
    def batch_axis(self) -> int:
        return self.method.batch_axis + 1

    def init(self, key: Array, batch: Batch) -> State:
        return self.method.init(key, jax.tree.map(lambda leaf: leaf[0], batch))

    def step(self, state: State, batch: Batch, keys: Array) -> tuple[State, Metrics]:
        if keys.shape[:1] != (self.k,):
            raise ValueError(
                f"repeat takes {self.k} keys, one an iteration, but has keys {keys.shape}: "
                "stack fold_in(run_key, t) for as many t"
            )
        return core.repeat_update(self.method.step, state, batch, keys)


@dataclasses.dataclass(frozen=True)
class seeds(Wrapper):
    """Several runs of the method in one program, each with its own state, batches and keys.

    States, batches, keys, metrics and samples have a leading axis `[num]`; `batch_axis` is one
    more. Run i is the method's run with the i-th of each, up to rounding. It goes outside of all
    other wrappers.

    On accelerators the runs are batched by `jax.vmap`, whose programs are as short as one run's. On
    CPU they are, too, unless the networks convolve (a parameter has four axes): `lax.map` then
    takes them one after another, because a batched convolution has kernels of its own for each
    run, for which XLA has no fast code there (docs/vocabulary.md has the times).
    """

    num: int

    def __post_init__(self) -> None:
        checks.positive(num=self.num)

    @property
    def batch_axis(self) -> int:
        return self.method.batch_axis + 1

    def init(self, keys: Array, batches: Batch) -> State:
        if keys.shape[:1] != (self.num,):
            raise ValueError(
                f"seeds takes {self.num} keys, one a run, but has keys {keys.shape}: "
                "stack as many, and as many batches"
            )
        return _one_by_one(self.method.init)(keys, batches)

    def step(self, states: State, batches: Batch, keys: Array) -> tuple[State, Any]:
        after, metrics = self._each(self.method.step, states, batches, keys)
        return after, metrics

    def generate(self, states: State, z: Array, *label: Array) -> Array:
        """Makes examples `[runs, n, ...]` from noise `[runs, n, size]` and labels `[runs, n]`."""
        return self._each(super().generate, states, z, *label)

    def sample(self, states: State, keys: Array, num: int, label: Any = None) -> Array:
        """Makes examples `[runs, num, ...]`, for each run with its own key and the same labels."""
        sample = super().sample
        return self._each(lambda state, key: sample(state, key, num, label), states, keys)

    def translate(self, state: State, *args: Any, **kwargs: Any) -> Array:
        """Translates images `[runs, n, h, w, c]`."""
        return self._each(functools.partial(super().translate, **kwargs), state, *args)

    def _each(self, function: Callable[..., Any], states: State, *args: Any) -> Any:
        """Runs a function of one state, and of the other arguments' parts, for every run."""
        batched = jax.vmap(function)
        if not _convolves(states):
            return batched(states, *args)
        on_cpu = _one_by_one(function)
        return lax.platform_dependent(states, *args, cpu=on_cpu, default=batched)


def _one_by_one(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: lax.map(lambda each: function(*each), args)


def _convolves(states: State) -> bool:
    """Returns whether players of several runs have kernels `[runs, height, width, in, out]`."""
    leaves = jax.tree.leaves(states, is_leaf=lambda node: isinstance(node, core.Player))
    players = [leaf for leaf in leaves if isinstance(leaf, core.Player)]
    return any(jnp.ndim(leaf) == 5 for player in players for leaf in jax.tree.leaves(player.params))

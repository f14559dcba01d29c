"""Methods made of methods, as optax makes transformations of transformations.

A wrapper is a frozen dataclass around a method, called like a function (hence the lower-case name),
and has all that `core.Method` asks for: jit, scan, vmap, pmap and shard_map work on its step as on
the method's own. With all four, read from the outside,

    seeds(repeat(skip_nonfinite(with_ema(method, 0.999)), 10), 8)

trains eight seeds, takes ten iterations in one dispatch, and an iteration that is skipped leaves
the average alone.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Batch, Metrics, checks

__all__ = ["EMAState", "SkipState", "repeat", "seeds", "skip_nonfinite", "unwrap", "with_ema"]


class EMAState(NamedTuple):
    """The state of the method inside, and the average `params` and `batch_stats` of its players."""

    state: Any
    average: dict[str, dict[str, Any]]

    @property
    def step(self) -> Array:
        return self.state.step


class SkipState(NamedTuple):
    """The state of the method inside, and how many iterations were skipped (int32)."""

    state: Any
    skipped: Array
    in_a_row: Array

    @property
    def step(self) -> Array:
        return self.state.step


def unwrap(state: Any) -> Any:
    """The state of the method inside all wrappers, as sampling reads it.

    Where the state keeps an average, this is what the players' parameters and statistics are; the
    optimizers' states are the players' own. A state without wrappers is returned as it is.
    """
    averages: dict[str, dict[str, Any]] = {}
    while isinstance(state, EMAState | SkipState):
        if isinstance(state, EMAState):
            averages = state.average | averages  # of two averages the outer one counts
        state = state.state
    players = {n: getattr(state, n)._replace(**average) for n, average in averages.items()}
    return state._replace(**players) if players else state


def _innermost(state: Any) -> Any:
    return _innermost(state.state) if isinstance(state, EMAState | SkipState) else state


def _at_step(state: Any, step: Array) -> Any:
    """The state with another count of iterations, however deep it is wrapped."""
    if isinstance(state, EMAState | SkipState):
        return state._replace(state=_at_step(state.state, step))
    return state._replace(step=step)


@dataclasses.dataclass(frozen=True)
class _Wrapper:
    """What all wrappers share: everything but `init` and `step` is as in the method inside."""

    method: Any

    @property
    def batch_axis(self) -> int:
        return self.method.batch_axis

    @property
    def prior(self) -> Callable[[Array, int], Array]:
        return self.method.prior

    @property
    def sampled(self) -> tuple[str, ...]:
        """The players that sampling reads."""
        return getattr(self.method, "sampled", ("generator",))

    def critic_iterations(self, t: int) -> int:
        return self.method.critic_iterations(t)

    def minibatches_before(self, t: int) -> int:
        return self.method.minibatches_before(t)

    def generate(self, state: Any, z: Array) -> Array:
        return self.method.generate(unwrap(state), z)

    def sample(self, state: Any, key: Array, num: int) -> Array:
        return self.method.sample(unwrap(state), key, num)

    @property
    def translate(self) -> Callable[..., Any]:
        """As the method's; AttributeError where it has none, so that `hasattr` tells."""
        _ = self.method.translate
        return self._translate

    def _translate(self, state: Any, *args: Any, **kwargs: Any) -> Any:
        return self.method.translate(unwrap(state), *args, **kwargs)


@dataclasses.dataclass(frozen=True)
class with_ema(_Wrapper):
    """An exponential moving average of the players that `sample`, `generate`, `translate` read.

    These are the players that the method names in a class variable `sampled`, or `generator`. Their
    parameters and batch statistics are averaged, `average = d * average + (1 - d) * player` after
    every step, with d = min(decay, (1 + t) / (10 + t)) after t steps. Without this warm-up (that of
    TensorFlow's ExponentialMovingAverage) the random initial weights keep a share of decay^t: 22 %
    after 1,500 iterations with decay 0.999. ValueError for a decay outside [0, 1).
    """

    decay: float

    def __post_init__(self) -> None:
        if isinstance(self.decay, int | float) and not 0 <= self.decay < 1:
            raise ValueError(f"the decay of an average must be in [0, 1), but is {self.decay}")

    def _players(self, state: Any) -> dict[str, dict[str, Any]]:
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
class skip_nonfinite(_Wrapper):
    """Leaves the state alone where a `*_loss` or `*_gradient_norm` of the step is not finite.

    Only `state.step` advances, so that the iteration after a skipped one has the key, the batch and
    the place in a schedule that it would have had. Metrics: those of the step as they are, and
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
        skipped = state.skipped + ~good
        in_a_row = jnp.where(good, 0, state.in_a_row + 1)
        counts = {"skipped": skipped, "skipped_in_a_row": in_a_row}
        return SkipState(kept, skipped, in_a_row), metrics | counts


@dataclasses.dataclass(frozen=True)
class repeat(_Wrapper):
    """k iterations in one dispatch, by `lax.scan`; the state is that of the method inside.

    What an iteration takes, the step takes k times: the batch's leaves are `[k, ...]`, so that
    `batch_axis` is one more, and the keys are `[k]`, for the iterations from t on those of
    `jax.vmap(jax.random.fold_in, (None, 0))(run_key, t + jnp.arange(k))`. So it is the same run as
    without `repeat`. Metrics are those of the last iteration, but of gradient norms the largest.

    A stream is one of the method inside, whose batches t to t + k - 1 are stacked. Iterations that
    take different numbers of minibatches (WGAN's warm-up) do not stack: take them one by one.

    It pays where an iteration takes little longer than its dispatch. Milliseconds of an iteration
    with k = 1, 10 and 50, batch 64, on two cores of an AVX-512 Xeon that other jobs shared, with
    jax 0.10.2: 2.6, 1.0, 1.0 for a GAN of points with 128 units a layer; no difference beyond the
    noise for one of 28x28 images with 512 units (27, 28, 27) and for DCGAN 28x28 with 32 features
    (135, 131, 141), whose convolutions run no slower inside of a scan.
    """

    k: int

    def __post_init__(self) -> None:
        checks.positive(k=self.k)

    @property
    def batch_axis(self) -> int:
        return self.method.batch_axis + 1

    def init(self, key: Array, batch: Batch) -> Any:
        return self.method.init(key, jax.tree.map(lambda leaf: leaf[0], batch))

    def step(self, state: Any, batch: Batch, keys: Array) -> tuple[Any, Metrics]:
        if keys.shape[:1] != (self.k,):
            raise ValueError(
                f"repeat takes {self.k} keys, one an iteration, but has keys {keys.shape}: "
                "stack fold_in(run_key, t) for as many t"
            )
        return core.repeat_update(self.method.step, state, batch, keys)


@dataclasses.dataclass(frozen=True)
class seeds(_Wrapper):
    """Several runs of the method in one program, each with its own state, batches and keys.

    States, batches, keys, metrics and samples have a leading axis `[num]`; `batch_axis` is one
    more. Run i is that of the method alone with the i-th of each, up to rounding. It goes outside
    of all other wrappers.

    On accelerators the runs are batched by `jax.vmap`, whose programs are as short as one run's. On
    CPU they are, too, unless the networks convolve (a parameter has four axes): `lax.map` then
    takes them one after another, because a batched convolution has kernels of its own for each
    run, for which XLA has no fast code there. Measured on two cores of an AVX-512 Xeon with jax
    0.10.2 and batch 64, in milliseconds of an iteration of all runs: 8 runs of a GAN with 128
    hidden units took 21.5 with `vmap`, 28.6 with `map` and 22.0 unrolled; 4 runs of DCGAN 32x32
    with 16 features 449, 187 and 177, compiled in 8.8 s by `map` and in 20.4 s unrolled.
    """

    num: int

    def __post_init__(self) -> None:
        checks.positive(num=self.num)

    @property
    def batch_axis(self) -> int:
        return self.method.batch_axis + 1

    def init(self, keys: Array, batches: Batch) -> Any:
        if keys.shape[:1] != (self.num,):
            raise ValueError(
                f"seeds takes {self.num} keys, one a run, but has keys {keys.shape}: "
                "stack as many, and as many batches"
            )
        return _one_by_one(self.method.init)(keys, batches)

    def step(self, states: Any, batches: Batch, keys: Array) -> tuple[Any, Metrics]:
        return self._each(self.method.step, states, batches, keys)

    def generate(self, states: Any, z: Array) -> Array:
        return self._each(self.method.generate, states, z)

    def sample(self, states: Any, keys: Array, num: int) -> Array:
        """Samples `[runs, num, ...]`, of each run with its own key."""
        return self._each(lambda state, key: self.method.sample(state, key, num), states, keys)

    def _translate(self, states: Any, *args: Any, **kwargs: Any) -> Any:
        return self._each(functools.partial(self.method.translate, **kwargs), states, *args)

    def _each(self, function: Callable[..., Any], states: Any, *args: Any) -> Any:
        batched = jax.vmap(function)
        if not _convolves(states):
            return batched(states, *args)
        on_cpu = _one_by_one(function)
        return lax.platform_dependent(states, *args, cpu=on_cpu, default=batched)


def _one_by_one(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: lax.map(lambda each: function(*each), args)


def _convolves(states: Any) -> bool:
    """Whether the players of several runs' states have kernels `[runs, height, width, in, out]`."""
    is_player = lambda node: isinstance(node, core.Player)  # noqa: E731
    players = filter(is_player, jax.tree.leaves(states, is_leaf=is_player))
    return any(jnp.ndim(leaf) == 5 for player in players for leaf in jax.tree.leaves(player.params))

"""The training loop of experiments that need no run folder."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import chex
import jax
import numpy as np
import optax

from gans_jax import core, data, wrappers
from gans_jax.data.source import Source

State, T = TypeVar("State"), TypeVar("T")
After = Callable[[int, Any, core.Metrics], None]


def _nothing(done: int, state: Any, metrics: core.Metrics) -> None:
    """Is called after each step of those who look at the last one only."""


def iterate(
    step: Callable[..., tuple[State, core.Metrics]],
    state: State,
    *inputs: Iterable[Any],
    after: After = _nothing,
) -> tuple[State, core.Metrics, float]:
    """Applies `state, metrics = step(state, *items)` to the items of all inputs in turn.

    Args:
      step: a pure function, which is compiled once.
      state: the state to begin with, whose arrays are donated and cannot be used afterwards.
      *inputs: iterables of equal length, such as one of batches and one of keys.
      after: called as `after(steps, state, metrics)` after each step; it must not keep the state.

    Returns:
      The last state, the metrics of the last step, and the seconds that all steps but the first
      took, so that compilation is not counted.
    """
    step, start, metrics = jax.jit(step, donate_argnums=0), 0.0, {}
    for done, items in enumerate(zip(*inputs, strict=True), start=1):
        state, metrics = step(state, *items)
        if done == 1:
            jax.block_until_ready(state)
            start = time.perf_counter()
        after(done, state, metrics)
    jax.block_until_ready(state)
    return state, metrics, time.perf_counter() - start


def fit(
    loss: Callable[[chex.ArrayTree, Any], chex.Numeric],
    params: chex.ArrayTree,
    optimizer: optax.GradientTransformation,
    batches: Iterable[Any],
) -> chex.ArrayTree:
    """Returns `params` after one update down the gradient of `loss(params, batch)` for each batch.

    The arrays of `params` are donated and cannot be used afterwards.
    """

    def step(state: tuple[chex.ArrayTree, optax.OptState], batch: Any) -> tuple[Any, core.Metrics]:
        params, opt_state = state
        gradients = jax.grad(loss)(params, batch)
        updates, opt_state = optimizer.update(gradients, opt_state, params)
        return (optax.apply_updates(params, updates), opt_state), {}

    (params, _), _, _ = iterate(step, (params, optimizer.init(params)), batches)
    return params


def train(
    method: core.Method,
    source: Source,
    batch_size: int,
    iterations: int,
    seed: int = 0,
    repeat: int = 1,
    start: Any = None,
    after: After = _nothing,
) -> tuple[Any, float]:
    """Trains a method as `training.train` does, but keeps nothing on disk.

    Args:
      method: is initialised with the seed.
      source: its order is drawn with the seed.
      batch_size: examples in a minibatch.
      iterations: a multiple of `repeat`.
      seed: of everything that is random.
      repeat: iterations of a compiled program, which small networks take in less time.
      start: the state to begin with instead of an initial one; its arrays are donated.
      after: called as `after(done, state, metrics)` after each program; it must not keep the state.

    Returns:
      The state after the last iteration, and the seconds of training without compilation.

    Raises:
      FloatingPointError: if a metric of the last iteration is not finite.
    """
    stream = data.stream(source, batch_size, seed=seed, method=method)
    init_key, run_key = jax.random.split(jax.random.key(seed))
    state = jax.jit(method.init)(init_key, stream[0]) if start is None else start
    keys = jax.vmap(jax.random.fold_in, (None, 0))(run_key, np.arange(iterations))
    batches = stream.prefetch(0, iterations)
    if repeat > 1:
        method, keys = wrappers.repeat(method, repeat), keys.reshape(-1, repeat)
        batches = (jax.tree.map(lambda *x: np.stack(x), *some) for some in batched(batches, repeat))
    state, metrics, seconds = iterate(method.step, state, batches, keys, after=after)
    if broken := [name for name, value in metrics.items() if not np.isfinite(value)]:
        raise FloatingPointError(f"not finite after {iterations} iterations: {', '.join(broken)}")
    return state, seconds


def batched(items: Iterable[T], num: int) -> Iterator[list[T]]:
    """Yields the items in lists of `num`."""
    items = iter(items)
    while some := list(itertools.islice(items, num)):
        yield some

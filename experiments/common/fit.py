"""The training loop of experiments that need no run folder."""

import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import chex
import jax
import numpy as np
import optax

from gans_jax import core, data
from gans_jax.data.source import Source

State = TypeVar("State")


def iterate(
    step: Callable[..., tuple[State, core.Metrics]], state: State, *inputs: Iterable[Any]
) -> tuple[State, core.Metrics, float]:
    """Applies `state, metrics = step(state, *items)` to the items of all inputs in turn.

    Args:
      step: a pure function, which is compiled once.
      state: the state to begin with, whose arrays are donated and cannot be used afterwards.
      *inputs: iterables of equal length, such as one of batches and one of keys.

    Returns:
      The last state, the metrics of the last step, and the seconds that all steps but the first
      took, so that compilation is not counted.
    """
    step, start, metrics = jax.jit(step, donate_argnums=0), 0.0, {}
    for number, items in enumerate(zip(*inputs, strict=True)):
        state, metrics = step(state, *items)
        if number == 0:
            jax.block_until_ready(state)
            start = time.perf_counter()
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
    method: core.Method, source: Source, batch_size: int, iterations: int
) -> tuple[Any, float]:
    """Trains a method with seed 0, as `training.train` does, but keeps nothing on disk.

    Returns:
      The state after the last iteration, and the seconds of training without compilation.

    Raises:
      FloatingPointError: if a metric of the last iteration is not finite.
    """
    stream = data.stream(source, batch_size, seed=0, method=method)
    init_key, run_key = jax.random.split(jax.random.key(0))
    state = jax.jit(method.init)(init_key, stream[0])
    keys = (jax.random.fold_in(run_key, t) for t in range(iterations))
    state, metrics, seconds = iterate(method.step, state, stream.prefetch(0, iterations), keys)
    if broken := [name for name, value in metrics.items() if not np.isfinite(value)]:
        raise FloatingPointError(f"not finite after {iterations} iterations: {', '.join(broken)}")
    return state, seconds

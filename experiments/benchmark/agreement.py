"""The check before any timing: the same weights, batches and noise give the same losses."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from experiments.benchmark.runners import JaxRunner, TorchRunner
from experiments.benchmark.workloads import Method, Workload
from gans_jax import WGANGP, CycleGAN, Pix2Pix, penalties

# Of the first iterations, one each, relative to the largest value that a loss takes in them. They
# grow because rounding does: the first updates of Adam and RMSProp are about lr * sign(gradient).
TOLERANCES = (5e-3, 2e-2, 5e-2, 5e-2, 5e-2)


class MismatchError(Exception):
    """The two frameworks' losses differ by more than an iteration's tolerance."""


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """The first iterations in `gans_jax`.

    Attributes:
      states: the initial state of each seed.
      noise: the arrays `[seeds, ...]` that each iteration drew.
      losses: the losses `[seeds]` of each iteration by their names.
    """

    states: list[Any]
    noise: list[tuple[np.ndarray, ...]]
    losses: list[dict[str, np.ndarray]]


def record(workload: Workload, runner: JaxRunner) -> Trajectory:
    """Runs the first iterations of a new runner and returns what they drew and computed."""
    state = jax.device_get(runner.state)
    states = [state]
    if workload.seeds > 1:
        states = [jax.tree.map(lambda leaf, s=s: leaf[s], state) for s in range(workload.seeds)]
    noise, losses = [], []
    draw = jax.jit(jax.vmap(lambda key: draws(workload.method, key, workload.batch_size)))
    for t in range(len(TOLERANCES)):
        noise.append(jax.device_get(draw(runner.key(t).reshape(workload.seeds))))
        metrics = jax.device_get(runner.step())
        names = [name for name in metrics if name.endswith("_loss")]
        losses.append({name: np.reshape(metrics[name], workload.seeds) for name in names})
    return Trajectory(states, noise, losses)


def draws(method: Method, key: Array, num: int) -> tuple[Array, ...]:
    """Returns what `method.step` draws from the key of an iteration on batches of `num`.

    GAN and WGAN draw the noise of their updates, `[k + 1, num, z_size]`; WGAN-GP also draws the
    places on the lines from real to generated examples, `[k, num]` in [0, 1). For CycleGAN this
    returns zeros, as its histories are not yet full and exchange nothing.
    """
    if isinstance(method, Pix2Pix):
        return ()
    if isinstance(method, CycleGAN):
        return (jnp.zeros((2, num), "int32"),) * 2
    z_keys, keys = jnp.moveaxis(_split(jax.random.split(key, len(method.minibatches(0)) + 1)), 1, 0)
    zs = jax.vmap(lambda key: method.prior(key, num))(z_keys)
    if not isinstance(method, WGANGP):
        return (zs,)
    line_keys = _split(_split(keys[:-1], 3)[:, 2])[:, 0]
    zeros, ones = jnp.zeros((num, 1), "float32"), jnp.ones((num, 1), "float32")
    us = jax.vmap(lambda key: penalties.between(zeros, ones, key)[:, 0])(line_keys)
    return zs, us


def _split(keys: Array, num: int = 2) -> Array:
    return jax.vmap(lambda key: jax.random.split(key, num))(keys)


def check(
    workload: Workload,
    runner: TorchRunner,
    trajectory: Trajectory,
    tolerances: Sequence[float] = TOLERANCES,
) -> float:
    """Returns the largest difference of a new PyTorch runner's losses, relative to their scale.

    Raises:
      MismatchError: at the first loss that differs by more than its tolerance.
    """
    scale = {
        name: max(np.abs(losses[name]).max() for losses in trajectory.losses)
        for name in trajectory.losses[0]
    }
    largest = 0.0
    for t, (noise, losses) in enumerate(zip(trajectory.noise, trajectory.losses, strict=True)):
        found = runner.step(t, *noise)
        for name, ours in losses.items():
            theirs = np.array([loss[name].item() for loss in found])
            difference = np.abs(ours - theirs) / scale[name]
            worst = int(np.argmax(difference))
            # `not <=` rather than `>`, which is False for NaN.
            if not difference[worst] <= tolerances[t]:
                raise MismatchError(
                    f"{workload.name}: in iteration {t + 1} the {name} is {ours[worst]:.8g} in "
                    f"gans_jax and {theirs[worst]:.8g} in PyTorch, beyond the tolerance of "
                    f"{tolerances[t]:.1%}; maths that differ are not timed"
                )
            largest = max(largest, float(difference[worst]))
    return largest

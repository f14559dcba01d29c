"""Schedules: functions of `state.step` whose value multiplies the optimizer's update.

The step counts whole iterations of the algorithm, not the critic's updates, so that a critic that
is updated n times an iteration does not run through its schedule n times too fast.
"""

import dataclasses
from typing import Any, Literal

import jax.numpy as jnp
from jax import Array

from gans_jax.core import checks


@dataclasses.dataclass(frozen=True)
class Constant:
    """1 throughout."""

    def __call__(self, step: Array | int) -> Array:
        return jnp.ones((), jnp.float32)


@dataclasses.dataclass(frozen=True)
class LinearDecay:
    """1 until step `start`, then down a line to 0 at step `end`."""

    end: int
    start: int = 0

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(f"end must be after start, but is {self.end} and start {self.start}")

    def __call__(self, step: Array | int) -> Array:
        return jnp.clip((self.end - step) / (self.end - self.start), 0, 1)


@dataclasses.dataclass(frozen=True)
class StepDecay:
    """`factor` to the power of how many times `every` steps are done."""

    every: int
    factor: float = 0.5

    def __post_init__(self) -> None:
        checks.positive(every=self.every, factor=self.factor)

    def __call__(self, step: Array | int) -> Array:
        return jnp.float32(self.factor) ** (step // self.every)


@dataclasses.dataclass(frozen=True)
class EpochDecay:
    """1 for `constant` epochs, then a step down a line after each of `decay` epochs.

    The schedule of pix2pix's and CycleGAN's PyTorch code, 1 - max(0, s + 1 - constant) / (decay +
    1) where s counts the updates of the schedule. That code made them at the end of an epoch, so
    that s = e - 1 in epoch e (from 1) and the last of 200 epochs has the factor 1 / 101; since 2020
    it makes them at the `start`, so that s = e and the factor is 0 throughout the last epoch.
    """

    steps_per_epoch: int
    constant: int = 100
    decay: int = 100
    reference: Literal["end", "start"] = "end"

    def __post_init__(self) -> None:
        checks.positive(steps_per_epoch=self.steps_per_epoch)
        checks.one_of(reference=self.reference, options=("end", "start"))

    def __call__(self, step: Array | int) -> Array:
        updates = step // self.steps_per_epoch + (self.reference == "start")
        return jnp.clip(1 - (updates + 1 - self.constant) / (self.decay + 1), 0, 1)


def learning_rates(method: Any, t: int) -> dict[str, float]:
    """Those of iteration t (from 0), by the names of the method's fields that end so.

    A rate that is None, and so another's, is left out.
    """
    factor = float(getattr(method, "schedule", Constant())(t))
    names = [f.name for f in dataclasses.fields(method) if f.name.endswith("learning_rate")]
    rates = {name: getattr(method, name) for name in names}
    return {name: rate * factor for name, rate in rates.items() if rate is not None}

"""Schedules: functions of `state.step` that multiply the learning rate.

The step counts whole iterations of the algorithm, not the critic's updates, so that a critic that
is updated n times an iteration does not run through its schedule n times too fast.
"""

import dataclasses
from typing import Literal

import chex
import jax.numpy as jnp
from jax import Array, lax

from gans_jax.core import checks


@dataclasses.dataclass(frozen=True)
class Constant:
    """The factor 1 throughout."""

    def __call__(self, step: chex.Numeric) -> float:
        return 1.0


@dataclasses.dataclass(frozen=True)
class LinearDecay:
    """The factor 1 until step `start`, then down a line to 0 at step `end`.

    Attributes:
      end: the step at which the factor is 0.
      start: the step until which it is 1.
    """

    end: int
    start: int = 0

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(f"end must be after start, but is {self.end} and start {self.start}")

    def __call__(self, step: chex.Numeric) -> Array:
        return jnp.clip((self.end - step) / (self.end - self.start), 0, 1)


@dataclasses.dataclass(frozen=True)
class StepDecay:
    """The factor is multiplied by `factor` after each `every` steps.

    Attributes:
      every: steps between two changes.
      factor: what each change multiplies by.
    """

    every: int
    factor: float = 0.5

    def __post_init__(self) -> None:
        checks.positive(every=self.every, factor=self.factor)

    def __call__(self, step: chex.Numeric) -> Array:
        return lax.pow(jnp.float32(self.factor), jnp.asarray(step // self.every))


@dataclasses.dataclass(frozen=True)
class EpochDecay:
    """The factor 1 for `constant` epochs, then a step down a line after each of `decay` epochs.

    The schedule of pix2pix's and CycleGAN's PyTorch code, 1 - max(0, s + 1 - constant) / (decay +
    1) where s counts the updates of the schedule. That code made them at the end of an epoch, so
    that s = e - 1 in epoch e (from 1) and the last of 200 epochs has the factor 1 / 101; since 2020
    it makes them at the `start`, so that s = e and the factor is 0 throughout the last epoch.

    Attributes:
      steps_per_epoch: iterations in an epoch.
      constant: how many epochs have the factor 1.
      decay: how many epochs it then falls.
      reference: "end" or "start" of an epoch, where the schedule is updated.
    """

    steps_per_epoch: int
    constant: int = 100
    decay: int = 100
    reference: Literal["end", "start"] = "end"

    def __post_init__(self) -> None:
        checks.positive(steps_per_epoch=self.steps_per_epoch)
        checks.one_of(reference=self.reference, options=("end", "start"))

    def __call__(self, step: chex.Numeric) -> Array:
        updates = step // self.steps_per_epoch + int(self.reference == "start")
        return jnp.clip(1 - (updates + 1 - self.constant) / (self.decay + 1), 0, 1)

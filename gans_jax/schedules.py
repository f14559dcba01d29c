"""Schedules: functions of `state.step` whose value multiplies the optimizer's update.

The step counts whole iterations of the algorithm, not the critic's updates, so that a critic that
is updated n times an iteration does not run through its schedule n times too fast.
"""

import dataclasses

import jax.numpy as jnp
from jax import Array


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

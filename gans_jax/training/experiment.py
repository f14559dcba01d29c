"""What a run is: a method, its data, and how long and how often."""

import dataclasses
from typing import Any

from gans_jax import checks


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Everything that determines a run, which is bitwise repeatable on one kind of device.

    Attributes:
      method: the method to train, such as `gans_jax.WGAN(...)`.
      data: the source of its examples, such as `gans_jax.data.Digits()`.
      iterations: how many iterations (calls of `method.step`) the run has.
      batch_size: real examples in a minibatch; a method with k critic updates reads k of them.
      seed: of the parameters, the noise and the order of the data.
      log_every: iterations between two lines of metrics.
      sample_every: iterations between two pictures of samples.
      checkpoint_every: iterations between two checkpoints.
      keep: how many of the newest checkpoints stay on disk.
      samples: examples in a picture, always made from the same noise.

    The last iteration is logged, drawn and saved, too. ValueError for a number out of range.
    """

    method: Any
    data: Any
    iterations: int
    batch_size: int = 64
    seed: int = 0
    log_every: int = 50
    sample_every: int = 500
    checkpoint_every: int = 1000
    keep: int = 3
    samples: int = 64

    def __post_init__(self) -> None:
        numbers = ("iterations", "batch_size", "log_every", "sample_every", "checkpoint_every")
        for name in (*numbers, "keep", "samples"):
            checks.positive(**{name: getattr(self, name)})
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed must be a whole number from 0 to 2^63 - 1, but is {self.seed}")

    def due(self, done: int, every: int) -> bool:
        """Whether what happens `every` so many iterations happens after `done` of them."""
        return done % every == 0 or done == self.iterations

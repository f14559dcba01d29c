"""What a run is: a method, its data, and how long and how often."""

import dataclasses
from typing import Any

from gans_jax import parallel, wrappers
from gans_jax.core import checks

# Fields that came later: a configuration written before them means their defaults.
_LATER = {"later": True}


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
      samples: examples in a picture, always made from the same noise; of a method that translates,
        some from all over `data`, but no more than 8.
      ema: decay of an average of the players that samples are drawn from, as in
        `wrappers.with_ema`; None for the players themselves.
      skip_nonfinite: how many iterations in a row that were skipped, as in
        `wrappers.skip_nonfinite`, end the run; 0 for no skipping.
      repeat: iterations in a dispatch, as in `wrappers.repeat`, which says when this is faster. The
        number of iterations and the three intervals must be multiples of it.
      micro_batches: parts of each device's minibatch over which an update takes its gradients one
        after another, as in `parallel.accumulate`, for batches that do not fit.
      evaluate_every: iterations between two evaluations of the samples, of the average where the
        run keeps one; None for none. The best state by them stays on disk besides the newest.
      evaluate_by: the metric, one of `evaluation.MONITORED`; None for the one that suits the data.
      evaluate_num: samples in an evaluation, always made from the same noise, and training examples
        that they are compared with. Held-out examples decide nothing, for they are to report on.

    The last iteration is logged, drawn, saved and evaluated, too. ValueError for a number out of
    range.
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
    ema: float | None = dataclasses.field(default=None, metadata=_LATER)
    skip_nonfinite: int = dataclasses.field(default=0, metadata=_LATER)
    repeat: int = dataclasses.field(default=1, metadata=_LATER)
    micro_batches: int = dataclasses.field(default=1, metadata=_LATER)
    evaluate_every: int | None = dataclasses.field(default=None, metadata=_LATER)
    evaluate_by: str | None = dataclasses.field(default=None, metadata=_LATER)
    evaluate_num: int = dataclasses.field(default=2000, metadata=_LATER)

    def __post_init__(self) -> None:
        numbers = ("iterations", "batch_size", "log_every", "sample_every", "checkpoint_every")
        for name in (*numbers, "keep", "samples", "repeat", "micro_batches", "evaluate_num"):
            checks.positive(**{name: getattr(self, name)})
        checks.positive(evaluate_every=self.evaluate_every)
        if self.skip_nonfinite < 0:
            raise ValueError(f"skip_nonfinite must be 0 or more, but is {self.skip_nonfinite}")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed must be a whole number from 0 to 2^63 - 1, but is {self.seed}")
        self.wrapped()  # refuses a decay out of range, and a method that micro-batches take apart
        if self.repeat > 1:
            self._check_repeat()

    def _check_repeat(self) -> None:
        names = ("iterations", "log_every", "sample_every", "checkpoint_every", "evaluate_every")
        for name in names:
            if (getattr(self, name) or 0) % self.repeat:
                raise ValueError(
                    f"{name} must be a multiple of repeat, which is {self.repeat}, but is "
                    f"{getattr(self, name)}: change one of them"
                )
        if self.method.batch_axis == 0:
            return
        for t in range(self.iterations):
            first = t - t % self.repeat
            if len(self.method.minibatches(t)) != len(self.method.minibatches(first)):
                raise ValueError(
                    f"iterations {first} and {t} take different numbers of minibatches, and so "
                    f"cannot be in one dispatch of {self.repeat}: set repeat to 1"
                )

    def wrapped(self) -> Any:
        """The method in the wrappers that the fields ask for, but for `repeat`.

        What the run steps and saves is its state, of which `wrappers.unwrap` is the method's own.
        """
        method, parts = self.method, self.micro_batches
        method = method if parts == 1 else parallel.accumulate(method, parts)
        method = method if self.ema is None else wrappers.with_ema(method, self.ema)
        return wrappers.skip_nonfinite(method) if self.skip_nonfinite else method

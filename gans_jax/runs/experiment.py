"""What a run is: a method, its data, and how long and how often."""

import dataclasses
import reprlib
from typing import Any

from gans_jax import core, parallel, wrappers
from gans_jax.core import checks

# Marks a field that came later: a configuration written before it means its default.
_LATER = {"later": True}


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Everything that determines a run, which is bitwise repeatable on one kind of device.

    What happens every so many iterations happens after the last one, too.

    Attributes:
      method: the method to train, such as `gans_jax.WGAN(...)`.
      data: the source of its examples, such as `gans_jax.data.Digits()`.
      iterations: how many iterations (calls of `method.step`) the run has.
      batch_size: real examples in a minibatch; a method with k critic updates reads k minibatches.
      seed: decides the first parameters, the noise and the order of the data.
      log_every: iterations between two lines of metrics.
      sample_every: iterations between two pictures of samples.
      checkpoint_every: iterations between two checkpoints.
      keep: how many of the newest checkpoints stay on disk.
      samples: examples in a picture, always made from the same noise. The pictures of a method that
        translates show at most 8 examples, from all over `data`.
      ema: decay of an average of the players that samples are drawn from, as in
        `wrappers.with_ema`; None draws samples from the players themselves.
      skip_nonfinite: how many skipped iterations in a row end the run, as in
        `wrappers.skip_nonfinite`; 0 skips no iteration.
      repeat: iterations in a dispatch, as in `wrappers.repeat`, which says when this is faster. The
        number of iterations and all intervals must be multiples of it.
      micro_batches: parts of each device's minibatch over which an update takes its gradients one
        after another, as in `parallel.accumulate`, for batches that do not fit into memory.
      evaluate_every: iterations between two evaluations of the samples, which are drawn from the
        average where the run keeps one. The state that they rate best stays on disk beside the
        newest ones. None evaluates nothing.
      evaluate_by: the metric, one of `evaluation.MONITORED`; None takes one that suits the data.
      evaluate_num: samples in an evaluation, always made from the same noise, and training examples
        that they are compared with. Held-out examples are not used, so that they stay fit to report
        on.

    Raises:
      ValueError: if a number is out of range, numbers do not fit together, or the method or the
        data lack a function.
    """

    # Not core.Method and data.Source: tyro offers no options for what a protocol annotates, such as
    # --method.clip.
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
        self._check_parts()
        for name in (
            *("iterations", "batch_size", "log_every", "sample_every", "checkpoint_every", "keep"),
            *("samples", "repeat", "micro_batches", "evaluate_every", "evaluate_num"),
        ):
            checks.whole(**{name: getattr(self, name)})
        if self.iterations >= 2**31:  # the state counts them in an int32
            raise ValueError(f"iterations must be below 2^31, but is {self.iterations}")
        checks.not_negative(skip_nonfinite=self.skip_nonfinite)
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed must be a whole number from 0 to 2^63 - 1, but is {self.seed}")
        self.wrapped()  # refuses a decay out of range, and a method that micro-batches take apart
        if self.repeat > 1:
            self._check_repeat()

    def _check_parts(self) -> None:
        if hasattr(self.data, "__array__") or isinstance(self.data, tuple | list | dict):
            raise ValueError(
                f"data is a {type(self.data).__name__}, which is no source: give arrays as "
                "gans_jax.data.Arrays(image, label)"
            )
        members = {name for name in vars(core.Method) if not name.startswith("_")}
        for name, needed, remedy in (
            ("method", members, "derive its class from core.MethodBase and define init and step"),
            ("data", {"__len__", "__getitem__"}, "give a source such as gans_jax.data.Digits()"),
        ):
            part = getattr(self, name)
            if missing := sorted(needed - set(dir(part))):
                lacks = f"{name} is {reprlib.repr(part)}, which lacks {', '.join(missing)}"
                raise ValueError(f"{lacks}: {remedy}")

    def _check_repeat(self) -> None:
        for name in (
            "iterations",
            "log_every",
            "sample_every",
            "checkpoint_every",
            "evaluate_every",
        ):
            if (getattr(self, name) or 0) % self.repeat:
                raise ValueError(
                    f"{name} must be a multiple of repeat, which is {self.repeat}, but is "
                    f"{getattr(self, name)}: change one of them"
                )
        for t in range(self.iterations if self.method.batch_axis else 0):
            first = t - t % self.repeat
            if len(self.method.minibatches(t)) != len(self.method.minibatches(first)):
                raise ValueError(
                    f"iterations {first} and {t} take different numbers of minibatches, and so "
                    f"cannot be in one dispatch of {self.repeat}: set repeat to 1"
                )

    def wrapped(self) -> core.Method:
        """Returns the method in the wrappers that the fields ask for, except `repeat`.

        The run steps and saves the state of this method; `wrappers.unwrap` returns the one inside.
        """
        method, parts = self.method, self.micro_batches
        method = method if parts == 1 else parallel.accumulate(method, parts)
        method = method if self.ema is None else wrappers.with_ema(method, self.ema)
        return wrappers.skip_nonfinite(method) if self.skip_nonfinite else method

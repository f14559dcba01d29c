"""One workload in both frameworks: equal losses first, then times in turns."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from experiments.benchmark import agreement
from experiments.benchmark.runners import JaxRunner, Options, TorchRunner
from experiments.benchmark.timing import BLOCK_SECONDS, block_size, in_turns
from experiments.benchmark.tuning import tune
from experiments.benchmark.workloads import Workload

BATCHES = 8


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What was found of a workload.

    Attributes:
      milliseconds: an iteration's median time in `jax`, in `eager` PyTorch and, where options made
        it faster, in PyTorch with its `best` options.
      best: the name in `milliseconds` of PyTorch's fastest form.
      options: the options of this form.
      ratios: its time over the time in jax, one for each round.
      compile_s: seconds that jax took to compile the step.
      gflop: 1e9 operations of an iteration's convolutions and matrix products.
      loss_difference: the largest relative difference of a loss.
    """

    milliseconds: dict[str, float]
    best: str
    options: Options
    ratios: np.ndarray
    compile_s: float
    gflop: float
    loss_difference: float


def compare(
    workload: Workload,
    rounds: int,
    torch_compile: bool,
    block_seconds: float | None = None,
    tolerances: Sequence[float] = agreement.TOLERANCES,
) -> Comparison:
    """Checks that the losses agree, then times a workload in both frameworks.

    Args:
      workload: what is measured.
      rounds: blocks of iterations of each framework.
      torch_compile: whether `torch.compile` is tried.
      block_seconds: how long a block takes, about; None for `timing.BLOCK_SECONDS`.
      tolerances: how far the losses of the first iterations may differ.

    Raises:
      MismatchError: if a loss differs.
    """
    batches = workload.batches(BATCHES)
    ours = JaxRunner(workload, batches)
    compile_s = ours.compile()
    trajectory = agreement.record(workload, ours)
    eager = TorchRunner(workload, batches, Options(), trajectory.states)
    difference = agreement.check(workload, eager, trajectory, tolerances)

    num = block_size(ours)
    if block_seconds:
        num = max(1, round(num * block_seconds / BLOCK_SECONDS))
    options = tune(workload, batches, num, torch_compile)
    runners = {"jax": ours, "eager": eager}
    if options != Options():
        runners["best"] = TorchRunner(workload, batches, options, trajectory.states)
        again = agreement.check(workload, runners["best"], trajectory, tolerances)
        difference = max(difference, again)
    times = in_turns(runners, rounds, num)

    milliseconds = {name: 1e3 * float(np.median(values)) for name, values in times.items()}
    best = min((name for name in times if name != "jax"), key=milliseconds.get)
    return Comparison(
        milliseconds,
        best,
        options=options if best == "best" else Options(),
        ratios=times[best] / times["jax"],
        compile_s=compile_s,
        gflop=_gflop(workload, batches),
        loss_difference=difference,
    )


class _FlopCounter(TorchDispatchMode):
    """Counts operations as PyTorch's FlopCounterMode, which fails inside second derivatives."""

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **kwargs or {})
        if func.overloadpacket in flop_registry:
            self.flops += flop_registry[func.overloadpacket](*args, **kwargs or {}, out_val=out)
        return out


def _gflop(workload: Workload, batches: list[dict[str, np.ndarray]]) -> float:
    """Returns the 1e9 operations of an iteration's convolutions and matrix products.

    Gradients that no update uses are not counted.
    """
    runner = TorchRunner(workload, batches, Options(frozen=True))
    with _FlopCounter() as counter:
        runner.run(1)
    return counter.flops / 1e9

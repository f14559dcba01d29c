"""PyTorch's best options for a workload on this machine."""

import dataclasses

import numpy as np

from experiments.benchmark.runners import Options, TorchRunner
from experiments.benchmark.timing import in_turns
from experiments.benchmark.workloads import Workload, is_convolutional

ROUNDS = 3


def tune(
    workload: Workload, batches: list[dict[str, np.ndarray]], num: int, compile: bool
) -> Options:
    """Turns on one option after the other, and keeps those that make blocks of `num` faster.

    If `compile` is true, `torch.compile` is tried last; if it fails, the reason is printed.
    """
    best, runner = Options(), TorchRunner(workload, batches)
    for name in _names(workload, compile):
        candidate = dataclasses.replace(best, **{name: True})
        try:
            other = TorchRunner(workload, batches, candidate)
            times = in_turns({"best": runner, "candidate": other}, ROUNDS, num)
        except RuntimeError as error:
            if name != "compile":
                raise
            print(f"{workload.name}: torch.compile fails, {str(error).splitlines()[0]}")
            continue
        if np.median(times["candidate"]) < np.median(times["best"]):
            best, runner = candidate, other
    return best


def _names(workload: Workload, compile: bool) -> list[str]:
    layout = ["channels_last"] if is_convolutional(workload.method) else []
    return layout + ["frozen", "fused"] + ["compile"] * compile

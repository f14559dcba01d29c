"""Compares gans_jax with PyTorch: first that the losses are equal, then the times.

    python -m experiments.benchmark.jax_vs_torch --workloads mlp,dcgan_32 --json times.json

README.md beside this file describes the workloads, the method and the table. It needs PyTorch:
pip install -r requirements-torch.txt
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

try:
    import torch  # noqa: F401
except ModuleNotFoundError:
    sys.exit("the benchmark needs PyTorch: pip install -r requirements-torch.txt")

import numpy as np
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from experiments.benchmark import agreement, machine, memory, results
from experiments.benchmark.agreement import MismatchError
from experiments.benchmark.results import Result
from experiments.benchmark.runners import JaxRunner, Options, TorchRunner
from experiments.benchmark.timing import block_size, in_turns
from experiments.benchmark.tuning import tune
from experiments.benchmark.workloads import WORKLOADS, Workload

BATCHES = 8


def measure(workload: Workload, rounds: int, torch_compile: bool, gflops: float) -> Result:
    """Checks that the losses agree, then times a workload in both frameworks.

    Args:
      workload: what is measured.
      rounds: blocks of iterations of each framework.
      torch_compile: whether `torch.compile` is tried.
      gflops: the machine's rate of matrix products.

    Raises:
      MismatchError: if a loss differs.
    """
    batches = workload.batches(BATCHES)
    ours = JaxRunner(workload, batches)
    compile_s = ours.compile()
    trajectory = agreement.record(workload, ours)
    eager = TorchRunner(workload, batches, Options(), trajectory.states)
    difference = agreement.check(workload, eager, trajectory)

    num = block_size(ours)
    options = tune(workload, batches, num, torch_compile)
    runners = {"jax": ours, "eager": eager}
    if options != Options():
        runners["best"] = TorchRunner(workload, batches, options, trajectory.states)
        difference = max(difference, agreement.check(workload, runners["best"], trajectory))
    times = in_turns(runners, rounds, num)

    milliseconds = {name: 1e3 * float(np.median(values)) for name, values in times.items()}
    best = min((name for name in times if name != "jax"), key=milliseconds.get)
    options = options if best == "best" else Options()
    ratios = times[best] / times["jax"]
    jax_mb, jax_first_mb = memory.of_jax(workload.name)
    gflop = _gflop(workload, batches)
    return Result(
        workload=workload.name,
        jax_ms=milliseconds["jax"],
        torch_eager_ms=milliseconds["eager"],
        torch_best_ms=milliseconds[best],
        torch_best=str(options),
        ratio=milliseconds[best] / milliseconds["jax"],
        ratio_min=float(ratios.min()),
        ratio_max=float(ratios.max()),
        eager_ratio=milliseconds["eager"] / milliseconds["jax"],
        compile_s=compile_s,
        jax_mb=jax_mb,
        jax_first_mb=jax_first_mb,
        torch_mb=memory.of_torch(workload.name, options),
        gflop=gflop,
        limit_ms=1e3 * gflop / gflops,
        loss_difference=difference,
        device=machine.device().type,
        threads=machine.cores(),
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


def main() -> None:
    arguments = _arguments()
    try:
        machine.configure(arguments.threads)
    except ValueError as error:
        sys.exit(str(error))
    gflops = machine.matmul_gflops()
    print(f"{machine.describe()}; matrix products at {gflops:.0f} GFLOPS")
    if warning := machine.warning():
        print(f"warning: {warning}", file=sys.stderr)
    print(results.HEADER, flush=True)
    measured: list[Result] = []
    for workload in arguments.workloads:
        try:
            measured.append(measure(workload, arguments.rounds, arguments.torch_compile, gflops))
        except MismatchError as error:
            sys.exit(str(error))
        print(results.line(measured[-1]), flush=True)
        # Written after each workload, so that a run that is stopped keeps its results.
        if arguments.json:
            objects = [dataclasses.asdict(result) for result in measured]
            arguments.json.write_text(json.dumps(objects, indent=2) + "\n")
        if arguments.plot:
            results.plot(measured, arguments.plot)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ",".join(WORKLOADS)
    parser.add_argument(
        "--workloads", type=_workloads, default=names, metavar="NAME,NAME", help=f"of {names}"
    )
    parser.add_argument("--rounds", type=int, default=11, help="blocks of each (default 11)")
    parser.add_argument("--threads", type=int, help="cores for both (default: all)")
    parser.add_argument(
        "--torch-compile",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="try torch.compile, which takes minutes (default: yes)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as a list")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios")
    return parser.parse_args()


def _workloads(names: str) -> list[Workload]:
    unknown = [name for name in names.split(",") if name not in WORKLOADS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"there is no workload {unknown[0]!r}: choose from {', '.join(WORKLOADS)}"
        )
    return [WORKLOADS[name] for name in names.split(",")]


if __name__ == "__main__":
    main()

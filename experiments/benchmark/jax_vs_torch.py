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
    sys.exit("the benchmark needs PyTorch: on Python 3.11, pip install -r requirements-torch.txt")

from experiments.benchmark import machine, memory, results
from experiments.benchmark.agreement import MismatchError
from experiments.benchmark.comparison import compare
from experiments.benchmark.results import Result
from experiments.benchmark.workloads import WORKLOADS, Workload


def measure(workload: Workload, rounds: int, torch_compile: bool, gflops: float) -> Result:
    """Checks that the losses agree, then times a workload in both frameworks, and their memory.

    Args:
      workload: what is measured.
      rounds: blocks of iterations of each framework.
      torch_compile: whether `torch.compile` is tried.
      gflops: the machine's rate of matrix products.

    Raises:
      MismatchError: if a loss differs.
    """
    found = compare(workload, rounds, torch_compile)
    jax_mb, jax_first_mb = memory.of_jax(workload.name)
    return Result(
        workload=workload.name,
        jax_ms=found.milliseconds["jax"],
        torch_eager_ms=found.milliseconds["eager"],
        torch_best_ms=found.milliseconds[found.best],
        torch_best=str(found.options),
        ratio=found.milliseconds[found.best] / found.milliseconds["jax"],
        ratio_min=float(found.ratios.min()),
        ratio_max=float(found.ratios.max()),
        eager_ratio=found.milliseconds["eager"] / found.milliseconds["jax"],
        compile_s=found.compile_s,
        jax_mb=jax_mb,
        jax_first_mb=jax_first_mb,
        torch_mb=memory.of_torch(workload.name, found.options),
        gflop=found.gflop,
        limit_ms=1e3 * found.gflop / gflops,
        loss_difference=found.loss_difference,
        device=machine.device().type,
        threads=machine.cores(),
    )


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

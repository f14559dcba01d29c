"""Peak memory of one workload in one framework, in a process of its own.

    python -m experiments.benchmark.memory WORKLOAD FRAMEWORK [OPTION...]

prints by how many bytes the peak exceeds the idle framework's memory, with its libraries imported,
its backend started and the batches made. Compiled programs are kept in, and read from, the folder
JAX_COMPILATION_CACHE_DIR.
"""

import argparse
import dataclasses
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
import torch

from experiments.benchmark import machine
from experiments.benchmark.runners import JaxRunner, Options, TorchRunner
from experiments.benchmark.workloads import WORKLOADS

ITERATIONS = 3


def of_jax(name: str) -> tuple[float, float]:
    """Returns the megabytes that a workload needs in jax: of a second start, and of a first.

    The first start compiles; the second finds the compiled programs in the cache.
    """
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": cache}
        first, second = (_above_idle([name, "jax"], environment) for _ in range(2))
    return second, first


def of_torch(name: str, options: Options) -> float:
    """Returns the megabytes that a workload needs in PyTorch with these options."""
    flags = [flag for flag, on in dataclasses.asdict(options).items() if on]
    return _above_idle([name, "torch", *flags], os.environ)


def _above_idle(arguments: list[str], environment: Mapping[str, str]) -> float:
    command = [sys.executable, "-m", "experiments.benchmark.memory", *arguments]
    how = {"cwd": Path(__file__).parents[2], "env": environment}
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **how)
    return int(run.stdout.splitlines()[-1]) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("framework", choices=("jax", "torch"))
    parser.add_argument("options", nargs="*")
    arguments = parser.parse_args()
    machine.configure()
    workload = WORKLOADS[arguments.workload]
    batches = workload.batches(2)
    if arguments.framework == "jax":
        jax.config.update("jax_enable_compilation_cache", True)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
        jax.block_until_ready(jnp.zeros(1) + 1)  # starts the backend
        idle = peak_of_jax()
        JaxRunner(workload, batches).run(ITERATIONS)
        print(peak_of_jax() - idle)
    else:
        options = Options(**dict.fromkeys(arguments.options, True))
        torch.zeros(1, device=machine.device()) + 1  # starts the backend
        idle = peak_of_torch()
        TorchRunner(workload, batches, options).run(ITERATIONS)
        print(peak_of_torch() - idle)


def peak_of_jax() -> int:
    """Returns the peak in bytes on jax's device, or of this process if that is the CPU."""
    statistics = jax.local_devices()[0].memory_stats()
    return statistics["peak_bytes_in_use"] if statistics else peak_of_process()


def peak_of_torch() -> int:
    """Returns the peak in bytes on PyTorch's device, or of this process if that is the CPU."""
    if machine.device().type == "cuda":
        return torch.cuda.max_memory_allocated()
    return peak_of_process()


def peak_of_process() -> int:
    """Returns the largest resident set in bytes since this program began."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss, which on Linux a child inherits from the process that started it.
        (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()

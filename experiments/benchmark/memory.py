"""Peak memory of one workload in one framework, in a process of its own.

    python experiments/benchmark/memory.py WORKLOAD FRAMEWORK [OPTION...]

prints the bytes above those of the idle framework: libraries imported, backend started, batches
made. Compilation is included.
"""

import argparse
import dataclasses
import resource
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import machine
import torch
from runners import JaxRunner, Options, TorchRunner
from workloads import WORKLOADS

ITERATIONS = 3


def above_idle(name: str, options: Options | None = None) -> float:
    """Megabytes that a workload needs: in PyTorch with these options, without them in jax."""
    flags = [flag for flag, on in dataclasses.asdict(options).items() if on] if options else []
    framework = "torch" if options else "jax"
    command = [sys.executable, __file__, name, framework, *flags]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(output.splitlines()[-1]) / 1e6


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
        jax.block_until_ready(jnp.zeros(1) + 1)
        idle, build = peak_of_jax(), lambda: JaxRunner(workload, batches)
        peak = peak_of_jax
    else:
        options = Options(**dict.fromkeys(arguments.options, True))
        torch.zeros(1, device=machine.device()) + 1
        idle, build = peak_of_torch(), lambda: TorchRunner(workload, batches, options)
        peak = peak_of_torch
    build().run(ITERATIONS)
    print(peak() - idle)


def peak_of_jax() -> int:
    """Bytes on jax's device, or of this process where that is the CPU."""
    statistics = jax.local_devices()[0].memory_stats()
    return statistics["peak_bytes_in_use"] if statistics else peak_of_process()


def peak_of_torch() -> int:
    """Bytes on PyTorch's device, or of this process where that is the CPU."""
    if machine.device().type == "cuda":
        return torch.cuda.max_memory_allocated()
    return peak_of_process()


def peak_of_process() -> int:
    """The largest resident set since this program began, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss, which on Linux a child inherits from the process that started it.
        (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()

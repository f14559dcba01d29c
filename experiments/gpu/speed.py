"""One workload of the benchmark in both frameworks, in every setting."""

from math import inf
from typing import Any

from experiments.benchmark import machine
from experiments.benchmark.agreement import TOLERANCES
from experiments.benchmark.comparison import compare
from experiments.benchmark.workloads import Workload
from experiments.gpu.part import Task
from experiments.gpu.results import Results
from experiments.gpu.settings import SETTINGS, WORKLOADS_OF, Setting, in_setting

ROUNDS, BLOCK_SECONDS = 7, 0.2


def run(results: Results, task: Task) -> None:
    """Measures every setting; an error in one is recorded beside the figures of the other."""
    machine.configure()
    workload = WORKLOADS_OF[task.device][task.subject]
    results |= {"batch_size": workload.batch_size, "method": type(workload.method).__name__}
    errors = []
    for name, setting in SETTINGS.items():
        machine.allow_tf32(setting.tf32)
        try:
            results[name] = measure(in_setting(workload, setting), setting)
        except Exception as error:
            errors.append(f"{name}: {type(error).__name__}: {error}")
            results[name] = {"error": errors[-1]}
        results.save()
    if errors:
        raise RuntimeError("; ".join(errors))


def measure(workload: Workload, setting: Setting) -> dict[str, Any]:
    """Returns the figures of a workload in a setting.

    The losses must agree in float32, which proves that the maths are the same. In bfloat16 their
    difference is recorded.

    Raises:
      MismatchError: if a loss differs, or is not a number.
    """
    tolerances = TOLERANCES if setting.dtype == "float32" else [inf] * len(TOLERANCES)
    found = compare(workload, ROUNDS, False, BLOCK_SECONDS, tolerances)
    ours, theirs = found.milliseconds["jax"], found.milliseconds[found.best]
    return {
        "dtype": setting.dtype,
        "tf32": setting.tf32,
        "jax_ms": ours,
        "torch_eager_ms": found.milliseconds["eager"],
        "torch_best_ms": theirs,
        "torch_best": str(found.options),
        "ratio": theirs / ours,
        "ratio_min": float(found.ratios.min()),
        "ratio_max": float(found.ratios.max()),
        "compile_s": found.compile_s,
        "gflop": found.gflop,
        "jax_tflops": found.gflop / ours,
        "torch_tflops": found.gflop / theirs,
        "loss_difference": found.loss_difference,
    }

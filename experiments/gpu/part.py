"""Runs one part of the measurement, in the process of its own that `process.py` starts.

    python -m experiments.gpu.part MODULE FILE --device gpu --seconds 60 --subject NAME

The figures go into FILE. A package that is not installed makes the part `skipped`, by its name.
"""

import argparse
import dataclasses
import importlib
import sys
import time
from pathlib import Path

from experiments.gpu.results import Results

OURS = ("gans_jax", "experiments", "tests")
# Where pip's name of a package is not the one that is imported.
PIP_NAMES = {
    "orbax": "orbax-checkpoint",
    "PIL": "pillow",
    "tensorflow_datasets": "tensorflow-datasets",
    "xdist": "pytest-xdist",
}


@dataclasses.dataclass(frozen=True)
class Task:
    """What a part is to do.

    Attributes:
      device: `gpu`, or `cpu` for a trial of the script on small work.
      end: the time of `time.monotonic()` at which the part is cut off.
      subject: which tests, which workload or which experiment.
    """

    device: str
    end: float
    subject: str

    @property
    def seconds_left(self) -> float:
        return self.end - time.monotonic()


def lacks(error: ModuleNotFoundError) -> str:
    """Returns the sentence about a package that is not installed.

    Raises:
      ModuleNotFoundError: the error itself, if what is missing is a module of this repository.
    """
    package = (error.name or "").partition(".")[0]
    if package in OURS or not package:
        raise error
    name = PIP_NAMES.get(package, package)
    return f"needs {name}, which is not installed: carry it as a wheel (docs/gpu.md)"


def main() -> None:
    start = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module")
    parser.add_argument("file", type=Path)
    parser.add_argument("--device", choices=("gpu", "cpu"), required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--subject", default="")
    arguments = parser.parse_args()
    results = Results(arguments.file)
    task = Task(arguments.device, start + arguments.seconds, arguments.subject)
    try:
        _check_device(task.device)
        importlib.import_module(f"experiments.gpu.{arguments.module}").run(results, task)
    except ModuleNotFoundError as error:
        results["lacks"] = lacks(error)
    except Exception as error:
        results["error"] = f"{type(error).__name__}: {error}"
        results.save()
        raise
    results.save()


def _check_device(device: str) -> None:
    import jax  # may be missing, which is then said by name

    if jax.default_backend() != device:
        raise RuntimeError(f"jax runs on the {jax.default_backend()}, not on the {device}")


if __name__ == "__main__":
    sys.exit(main())

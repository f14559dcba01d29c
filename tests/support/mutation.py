"""Puts one fault at a time into a copy of the package and runs the test that should fail of it.

python -m tests.support.mutation [NAME ...]

The exit code is 1 if a fault goes unnoticed. `tests/README.md` has the table that it prints.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.faults import FAULTS, Fault
from tests.support.processes import environment

ROOT = Path(__file__).parents[2]


def put_in(fault: Fault, package: Path) -> None:
    name, _, place = fault.file.partition(":")
    text = (package / name).read_text()
    start, end = 0, len(text)
    if place:
        cls, method = place.split(".")
        start = text.index(f"def {method}(", text.index(f"class {cls}("))
        end = text.index("\n\n", start)
    part = text[start:end]
    if part.count(fault.old) != 1:
        raise ValueError(f"{fault.old!r} is {part.count(fault.old)} times in {fault.file}")
    (package / name).write_text(text[:start] + part.replace(fault.old, fault.new) + text[end:])


def noticed(fault: Fault) -> bool:
    """Whether the test fails; ValueError if pytest could not run it."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("gans_jax", "tests"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, Path(folder, part), ignore=ignored)
        shutil.copy(ROOT / "setup.cfg", folder)
        put_in(fault, Path(folder, "gans_jax"))
        own = environment(fault.devices) if fault.devices > 1 else dict(os.environ)
        command = [sys.executable, "-m", "pytest", "-q", "-x", *fault.test.split()]
        command += ["-m", "not slow and not torch", "-p", "no:cacheprovider"]
        found = own | {"PYTHONPATH": folder, "JAX_PLATFORMS": "cpu"}
        done = subprocess.run(command, cwd=folder, env=found, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise ValueError(f"{fault.test} did not run: {done.stdout.decode()}")
    return done.returncode == 1


def main(names: list[str]) -> int:
    missed = 0
    for name in names or FAULTS:
        began, found = time.perf_counter(), noticed(FAULTS[name])
        missed += not found
        outcome = "fails" if found else "PASSES"
        seconds = time.perf_counter() - began
        print(f"| {name} | `{FAULTS[name].test}` | {outcome} | {seconds:.0f} |", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

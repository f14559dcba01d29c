"""Puts one fault at a time into a copy of the package and runs the test that should fail of it.

python -m tests.support.mutation [NAME ...]

The exit code is 1 if a fault goes unnoticed. `tests/README.md` has the table that it prints.
"""

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.processes import environment

ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Fault:
    """`old`, which is once in the file, becomes `new`; `test` is what pytest is given.

    `losses.py:Hinge.fake` is that method of the file alone.
    """

    file: str
    old: str
    new: str
    test: str
    devices: int = 1


def _loss(name: str, part: str, old: str, new: str) -> Fault:
    return Fault(f"losses.py:{name}.{part}", old, new, "tests/test_losses.py")


FAULTS = {
    "sign of Minimax on real examples": _loss("Minimax", "real", "(-logits)", "(logits)"),
    "sign of NonSaturating": _loss("NonSaturating", "fool", "(-logits)", "(logits)"),
    "sign of LeastSquares": _loss("LeastSquares", "real", "- self.b", "+ self.b"),
    "sign of Wasserstein": _loss("Wasserstein", "fool", "-logits", "logits"),
    "sign of Hinge": _loss("Hinge", "fake", "1 + logits", "1 - logits"),
    "sign of the critic's distance": Fault(
        "methods/wgan.py",
        "class_fake - distance,",
        "class_fake + distance,",
        "tests/methods/test_methods.py -k wgan",
    ),
    "no clipping": Fault(
        "penalties.py", "jnp.clip(w, -limit, limit)", "w", "tests/test_penalties.py"
    ),
    "slope of the penalty": Fault(
        "penalties.py", "(slope - 1) ** 2", "(slope + 1) ** 2", "tests/test_penalties.py"
    ),
    "no mean over devices": Fault(
        "core/devices.py",
        "return lax.pmean(tree, axis) if axis else tree",
        "return tree",
        "tests/support/four_devices.py::test_one_device_is_four[wgan]",
        devices=4,
    ),
    "every device draws the same noise": Fault(
        "core/devices.py",
        "part * num + jnp.arange(num)",
        "jnp.arange(num)",
        "tests/support/four_devices.py -k noise_and_dropout",
        devices=4,
    ),
    "one key for all iterations": Fault(
        "training/program.py",
        "return jax.random.fold_in(run_key",
        "return (lambda key, t: key)(run_key",
        "tests/training/test_loop.py::test_metrics_are_those_of_the_step",
    ),
    "one order for all epochs": Fault(
        "data/stream.py", "self.seed, int(epoch))", "self.seed, 0)", "tests/data/test_stream.py"
    ),
    "a history that is never full": Fault(
        "core/image_history.py",
        "jnp.minimum(history.count + 1, size)",
        "history.count",
        "tests/core/test_image_history.py",
    ),
    "no schedule": Fault(
        "methods/generative.py",
        "self.optimizer(rate * factor)",
        "self.optimizer(rate)",
        "tests/methods/test_methods.py -k schedule_scales",
    ),
    "an average that keeps nothing": Fault(
        "wrappers.py",
        "state.average, 1 - decay)",
        "state.average, decay)",
        "tests/test_wrappers.py",
    ),
    "damaged leaves pass": Fault(
        "runs/checkpoint.py",
        'if found != item["leaves"][path]:',
        "if False:",
        "tests/runs/test_checkpoint.py -k bit_flip",
    ),
    "lost checkpoints are a new start": Fault(
        "runs/run_states.py",
        "if (saved := _last_saved(place)) is None or (",
        "if (saved := _last_saved(place)) or (",
        "tests/runs/test_run_states.py -k lost",
    ),
    "a checkpoint of another run passes": Fault(
        "runs/record.py",
        'item.get("run") != run',
        "False",
        "tests/runs/test_checkpoint.py -k another_run",
    ),
    "a state that is not finite is saved": Fault(
        "runs/record.py",
        "not np.isfinite(leaf).all()",
        "False",
        "tests/runs/test_checkpoint.py -k not_finite",
    ),
    "a data error loses the work": Fault(
        "training/recorder.py",
        "except Exception as error:",
        "except MemoryError as error:",
        "tests/training/test_loop.py -k data_error",
    ),
}


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

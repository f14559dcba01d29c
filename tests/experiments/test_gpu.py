"""The measurement of a GPU, with the CPU in its place and with packages that are not there."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.gpu import __main__ as gpu
from experiments.gpu import cards, plan, process, surroundings
from tests.support.hidden import environment_without

ROOT = Path(__file__).parents[2]
OPTIONAL = {
    "tyro": "tyro",
    "tensorflow-datasets": "tensorflow_datasets",
    "importlib_resources": "importlib_resources",
    "tensorboardX": "tensorboardX",
    "orbax-checkpoint": "orbax",
    "tqdm": "tqdm",
    "matplotlib": "matplotlib",
    "pytest-xdist": "xdist",
}


def python(*arguments, environment):
    command = [sys.executable, *map(str, arguments)]
    how = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True}
    return subprocess.run(command, check=False, **how)


def run_part(module, subject, folder, seconds, environment):
    options = ["--device", "cpu", "--seconds", str(seconds), "--subject", subject]
    environment = plan.environment("cpu") | environment
    return process.run([module, *options], environment, folder, seconds, card=None)


def test_a_step_needs_few_packages(tmp_path):
    code = "import gans_jax; [getattr(gans_jax, n) for n in dir(gans_jax) if n != 'training']"
    done = python("-c", code, environment=environment_without(tmp_path, OPTIONAL))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", ["optax", "hypothesis"])
def test_a_part_names_the_package_that_it_lacks(package, tmp_path):
    environment = environment_without(tmp_path, {package: package})
    path = {"PYTHONPATH": f"{environment['PYTHONPATH']}:{ROOT}"}
    found = run_part("checks", "conformance", tmp_path, 60, path)
    assert found["status"] == "skipped", found
    assert found["reason"].startswith(f"needs {package}, which is not installed")


def test_a_part_is_cut_off_with_its_figures(tmp_path):
    (tmp_path / "figures.json").write_text('{"passed": 3}')  # as if the part had come that far
    found = run_part("checks", "conformance", tmp_path, 0.5, {})
    assert (found["status"], found["figures"]) == ("cut off", {"passed": 3})
    assert found["seconds"] < 0.5 + process.GRACE


def test_a_part_that_fails_leaves_its_reason_and_its_output(tmp_path):
    found = run_part("nothing", "", tmp_path, 60, {})
    assert found["status"] == "failed"
    assert "No module named 'experiments.gpu.nothing'" in found["log"]


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Runs the command on a machine of that name, where each part finds what it is told to."""

    def run(device, found, *arguments):
        facts = {"version": "1", "platform": "gpu" if device else "cpu", "device": device}
        monkeypatch.setattr(surroundings, "framework", lambda *_: facts | {"runtime": "cuda 13"})
        monkeypatch.setattr(signal, "signal", lambda *_: None)  # pytest keeps its own
        monkeypatch.setattr(plan, "_is_known", lambda environment: True)
        parts = iter(found)
        monkeypatch.setattr(process, "run", lambda *_: {"seconds": 1.0, **next(parts)})
        file = tmp_path / "gpu.json"
        monkeypatch.setattr(sys, "argv", ["gpu", "--json", str(file), *arguments])
        try:
            gpu.main()
            code = 0
        except SystemExit as error:
            code = error.code
        return code, json.loads(file.read_text()) if file.exists() else None

    return run


def test_without_a_gpu_there_is_one_sentence(machine):
    message, written = machine(None, [])
    assert "jax 1 sees no GPU, torch 1 sees no GPU" in message
    assert "make gpu PYTHON=" in message
    assert "\n" not in message
    assert written is None


PRODUCTS = {"float32": {"dtype": "float32", "tflops": {"jax": 40.0, "torch": 50.0}}}
SPEED = {"jax_ms": 1.0, "torch_best_ms": 2.0, "ratio": 2.0, "jax_tflops": 10, "torch_tflops": 5}


@pytest.mark.parametrize(
    ("card", "peak"), [("NVIDIA L4", 30.3), ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", 50.0)]
)
def test_utilisation_is_relative_to_the_makers_peak_or_to_the_measured_one(machine, card, peak):
    found = [
        {"status": "done", "figures": PRODUCTS},
        {"status": "done", "figures": {"float32": SPEED | {"dtype": "float32"}}},
    ]
    code, written = machine(card, found, "--parts", "products,wgan_64")
    assert code == 0
    assert written["finished"]
    figures = written["parts"]["wgan_64"]["figures"]["float32"]
    assert figures["jax_utilisation"] == pytest.approx(10 / peak)
    assert figures["torch_utilisation"] == pytest.approx(5 / peak)


def test_a_failure_does_not_stop_the_next_part_but_a_signal_does(machine):
    failed = {"status": "failed", "figures": {}, "reason": "broken"}
    stopped = {"status": "interrupted", "figures": {"iterations": 3}}
    parts = "conformance,parity,products"
    code, written = machine("NVIDIA L4", [failed, stopped], "--parts", parts)
    assert code == 130
    assert not written["finished"]
    assert [part["status"] for part in written["parts"].values()] == ["failed", "interrupted"]
    assert written["parts"]["conformance"]["environment"]["JAX_PLATFORMS"] == "cuda,cpu"
    done = {"status": "done", "figures": {}}
    code, written = machine("NVIDIA L4", [failed, done, done], "--parts", parts)
    assert code == "conformance failed: the file has the end of each one's output"
    assert written["finished"]
    assert written["parts"]["products"]["status"] == "done"


def test_an_old_tensor_core_has_no_bfloat16():
    rate, source = cards.peak("Tesla T4", "bfloat16", measured=3.0)
    assert (rate, source.partition(":")[0]) == (3.0, "measured")


def test_packages_that_are_missing_or_old(monkeypatch):
    versions = {"jax": "0.9.4", "tyro": None}
    known = surroundings.version
    monkeypatch.setattr(
        surroundings, "version", lambda name: versions[name] if name in versions else known(name)
    )
    found = surroundings.unfit()
    assert found["jax"] == "is 0.9.4; 0.10 or newer is needed"
    assert found["tyro"] == "is not installed; 1.0 or newer is needed"


def command(tmp_path, hidden, parts, budget):
    """Runs the command on the CPU without the packages; returns its file."""
    environment, file = environment_without(tmp_path, hidden), tmp_path / "gpu.json"
    options = ["--device", "cpu", "--budget", budget, "--parts", parts, "--json", file]
    done = python("-m", "experiments.gpu", *options, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr + file.read_text()
    return json.loads(file.read_text())


@pytest.mark.slow
def test_the_conformance_suite_without_optional_packages(tmp_path):
    written = command(tmp_path, OPTIONAL, "conformance", budget=300)
    tests = written["parts"]["conformance"]["figures"]
    assert set(written["unfit_packages"]) == set(OPTIONAL)
    assert tests["passed"] >= 9
    assert (tests["skipped"], tests["processes"]) == (1, 1)  # the one test of checkpoints


@pytest.mark.slow
def test_training_without_optional_packages(tmp_path):
    written = command(tmp_path, OPTIONAL, "training", budget=120)
    training = written["parts"]["training"]["figures"]
    assert training["loop"] == "plain"
    assert training["iterations"] > 0
    assert training["images_per_second"] > 0


@pytest.mark.slow
def test_training_without_an_event_file(tmp_path):
    written = command(tmp_path, {"tensorboardX": "tensorboardX"}, "training", budget=120)
    training = written["parts"]["training"]["figures"]
    assert training["loop"] == "gans_jax.training.train"
    assert (
        training["stopped"] == f"stopped after iteration {training['iterations']}, whose state "
        "is saved"
    )
    assert training["metrics"]["last"]["step"] > training["metrics"]["first"]["step"] > 0

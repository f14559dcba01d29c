"""The benchmark's check of equal losses and its timing, on tiny workloads."""

import dataclasses
import functools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from experiments.benchmark import agreement, jax_vs_torch, machine, memory, timing, tuning
from experiments.benchmark.runners import JaxRunner, Options, TorchRunner
from experiments.benchmark.workloads import WORKLOADS, Workload
from gans_jax import GAN, WGAN, WGANGP, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator

pytestmark = pytest.mark.torch

_mlps = MLPGenerator((6, 6, 1), (8,)), MLPDiscriminator((8, 8))
_mlp = Workload("gan", GAN(*_mlps, priors.Normal(5), learning_rate=1e-2), 6, 1, batch_size=4)
TINY = [
    _mlp,
    Workload(
        "wgan",
        WGAN(
            DCGANGenerator(16, 2, 4),
            DCGANDiscriminator(4),
            priors.Uniform(5),
            n_critic=2,
            learning_rate=1e-3,
        ),
        size=16,
        channels=2,
        batch_size=4,
    ),
    Workload(
        "wgan_gp",
        WGANGP(
            DCGANGenerator(8, 2, 4),
            DCGANDiscriminator(4, "layer"),
            priors.Normal(5),
            n_critic=2,
            learning_rate=1e-3,
        ),
        size=8,
        channels=2,
        batch_size=4,
    ),
    dataclasses.replace(_mlp, name="seeds", seeds=3),
]


@pytest.fixture
def float64() -> None:
    """Keeps float32 in these tests, as the benchmark compares and times float32."""


@functools.cache
def _record(workload):
    batches = workload.batches(2)
    return batches, agreement.record(workload, JaxRunner(workload, batches))


@pytest.mark.parametrize("workload", TINY, ids=lambda workload: workload.name)
def test_losses_agree(workload) -> None:
    batches, trajectory = _record(workload)
    losses = np.array([losses["generator_loss"] for losses in trajectory.losses])
    assert np.ptp(losses, axis=0).min() > 0.03 * np.abs(losses).max(), "too little is learned"
    for options in (Options(), Options(channels_last=True, frozen=True, fused=True)):
        runner = TorchRunner(workload, batches, options, trajectory.states)
        assert agreement.check(workload, runner, trajectory) < 1e-3


def test_seeds_differ() -> None:
    _, trajectory = _record(TINY[-1])
    for losses in trajectory.losses:
        assert np.unique(losses["discriminator_loss"]).size == 3


def test_other_maths_stop_the_benchmark() -> None:
    """An optimizer that is ten times as fast shows in the loss after its first update."""
    batches, trajectory = _record(_mlp)
    other = dataclasses.replace(_mlp, method=dataclasses.replace(_mlp.method, learning_rate=0.1))
    runner = TorchRunner(other, batches, states=trajectory.states)
    message = r"gan: in iteration 1 the generator_loss is \S+ in gans_jax and \S+ in PyTorch"
    with pytest.raises(agreement.MismatchError, match=message):
        agreement.check(other, runner, trajectory)


def test_nan_is_a_mismatch() -> None:
    batches, trajectory = _record(_mlp)
    noise = [(np.full_like(zs, np.nan),) for (zs,) in trajectory.noise]
    trajectory = dataclasses.replace(trajectory, noise=noise)
    runner = TorchRunner(_mlp, batches, states=trajectory.states)
    with pytest.raises(agreement.MismatchError, match="nan in PyTorch"):
        agreement.check(_mlp, runner, trajectory)


def test_main(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(WORKLOADS, "gan", _mlp)
    monkeypatch.setattr(machine, "configure", lambda threads: None)
    monkeypatch.setattr(machine, "matmul_gflops", lambda: 1.0)
    monkeypatch.setattr(memory, "of_jax", lambda name: (1.0, 3.0))
    monkeypatch.setattr(memory, "of_torch", lambda name, options: 2.0)
    monkeypatch.setattr(timing, "BLOCK_SECONDS", 1e-3)
    files = ["--json", str(tmp_path / "times.json"), "--plot", str(tmp_path / "times.png")]
    arguments = ["--workloads", "gan", "--rounds", "3", "--no-torch-compile", *files]
    monkeypatch.setattr(sys, "argv", ["jax_vs_torch.py", *arguments])
    jax_vs_torch.main()
    (result,) = json.loads((tmp_path / "times.json").read_text())
    assert result["workload"] == "gan"
    assert result["ratio"] == result["torch_best_ms"] / result["jax_ms"]
    slack = 1 + 1e-12  # a ratio of medians and that of a round may be rounded differently
    assert 0 < result["ratio_min"] <= result["ratio"] * slack
    assert result["ratio"] <= result["ratio_max"] * slack
    assert 0 < result["torch_best_ms"] <= result["torch_eager_ms"]
    assert result["compile_s"] > 0
    assert (result["jax_mb"], result["torch_mb"], result["jax_first_mb"]) == (1, 2, 3)
    generator, discriminator = 5 * 8 + 8 * 36, 36 * 8 + 8 * 8 + 8
    forward = 2 * generator + 3 * discriminator
    to_weights = generator + 2 * discriminator
    to_inputs = 8 * 36 + 2 * (8 * 8 + 8) + discriminator
    assert result["gflop"] == pytest.approx(2e-9 * 4 * (forward + to_weights + to_inputs))
    assert result["limit_ms"] == pytest.approx(1e3 * result["gflop"])
    assert (tmp_path / "times.png").stat().st_size > 1000
    assert capsys.readouterr().out.splitlines()[-1].startswith("gan ")


def test_failing_compiler(monkeypatch, capsys) -> None:
    """The other options are kept, and the reason is said."""

    def fail(network):
        raise RuntimeError("no compiler\nand more")

    monkeypatch.setattr(torch, "compile", fail)
    options = tuning.tune(_mlp, _mlp.batches(1), num=1, compile=True)
    assert not options.compile
    assert capsys.readouterr().out == "gan: torch.compile fails, no compiler\n"


def test_turns() -> None:
    calls = []

    class Runner:
        def __init__(self, name: str) -> None:
            self.name = name

        def run(self, num: int) -> None:
            calls.append((self.name, num))

    times = timing.in_turns({"a": Runner("a"), "b": Runner("b")}, rounds=2, num=7)
    assert calls == [("a", 2), ("b", 2)] + [("a", 7), ("b", 7)] * 2
    assert times["a"].shape == times["b"].shape == (2,)


def test_memory_of_one_process() -> None:
    """A process that is larger than the one measured does not count."""
    ballast = np.ones(100_000_000)
    assert 1 < memory.of_torch("mlp", Options()) < 400
    assert ballast.nbytes > 400e6


def test_unknown_workload(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["jax_vs_torch.py", "--workloads", "mlp,nothing"])
    with pytest.raises(SystemExit):
        jax_vs_torch.main()
    assert "there is no workload 'nothing': choose from mlp, dcgan_32" in capsys.readouterr().err


def test_without_torch() -> None:
    name = jax_vs_torch.__name__
    code = f"import runpy, sys; sys.modules['torch'] = None; runpy.run_module({name!r})"
    command, root = [sys.executable, "-c", code], Path(jax_vs_torch.__file__).parents[2]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert result.returncode == 1
    remedy = "on Python 3.11, pip install -r requirements-torch.txt"
    assert result.stderr == f"the benchmark needs PyTorch: {remedy}\n"

"""Several seeds in one program: as many runs, each in a folder of its own."""

import dataclasses
import functools
import json
import os
import shutil
import signal
from typing import ClassVar

import jax
import numpy as np
import optax
import pytest

from gans_jax.cli import main
from gans_jax.training import (
    CheckpointError,
    Checkpoints,
    ConfigError,
    Interrupted,
    load,
    resume,
    train,
)
from tests.support.tiny import assert_close, assert_same_bits

SGD = {"optimizer": functools.partial(optax.sgd), "learning_rate": 0.05}
WRAPPED = {"ema": 0.5, "skip_nonfinite": 2, "repeat": 4, "log_every": 4}


@dataclasses.dataclass(frozen=True)
class Circle:
    """Points on the circle; the program is interrupted where `left` comes to 0."""

    num: int = 200
    left: ClassVar = iter(())

    def __len__(self):
        return self.num

    def __getitem__(self, index):
        if next(Circle.left, None) == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return {"image": np.array([np.cos(index), np.sin(index)], np.float32)}


def lines(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


def steps(workdir):
    return Checkpoints(workdir / "checkpoints").steps()


@pytest.fixture(scope="module")
def three(tiny, tmp_path_factory):
    """Seeds 3 to 5 trained together: their folder, the experiment and what `train` returned."""
    workdir, experiment = tmp_path_factory.mktemp("seeds") / "run", tiny(SGD, seed=3)
    return workdir, experiment, train(experiment, workdir, progress=False, seeds=3)


def assert_run(own, alone, state):
    """The folder of a seed holds what that of its own run does, and the newest state is close."""
    assert_close(load(own)[1], state, 1e-5)
    assert (own / "samples/00000000.png").read_bytes() == (
        alone / "samples/00000000.png"
    ).read_bytes()
    for name, of_one_run in (("config.json", "sha256"), ("data.json", "run")):
        both = [json.loads((run / name).read_text()) for run in (own, alone)]
        assert both[0].pop(of_one_run) != both[1].pop(of_one_run)
        assert both[0] == both[1]
    for name in ("samples", "checkpoints", "."):
        names = [sorted(p.name for p in (run / name).glob("[!e]*")) for run in (own, alone)]
        assert names[0] == names[1]
    for ours, theirs in zip(lines(own), lines(alone), strict=True):
        assert ours.keys() == theirs.keys()
        for name in ours.keys() - {"seconds", "images_per_second", "input_wait"}:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, err_msg=name)


def test_each_is_the_run_of_its_seed(three, tmp_path):
    workdir, experiment, states = three
    assert sorted(p.name for p in workdir.glob("[!.]*")) == ["seed_3", "seed_4", "seed_5"]
    for i, seed in enumerate((3, 4, 5)):
        own = load(workdir / f"seed_{seed}")[1]
        assert_same_bits(jax.tree.map(lambda leaf: leaf[i], states), own)  # noqa: B023
    state = train(dataclasses.replace(experiment, seed=4), tmp_path / "4", progress=False)
    assert_run(workdir / "seed_4", tmp_path / "4", state)


@pytest.mark.slow
def test_they_go_outside_of_the_wrappers_under_one_progress_bar(tiny, tmp_path, capsys):
    experiment = tiny(SGD, **WRAPPED)
    train(experiment, tmp_path / "all", seeds=2)
    assert capsys.readouterr().err.count(f"{experiment.iterations} of ") == 1
    state = train(dataclasses.replace(experiment, seed=1), tmp_path / "1", progress=False)
    assert_run(tmp_path / "all/seed_1", tmp_path / "1", state)


@pytest.mark.slow
def test_they_are_resumed_together(three, tmp_path):
    workdir, experiment, states = three
    train(dataclasses.replace(experiment, iterations=8), tmp_path / "run", progress=False, seeds=3)
    assert_same_bits(resume(tmp_path / "run", experiment, progress=False), states)
    assert json.loads((tmp_path / "run/seed_5/config.json").read_text())["with"]["iterations"] == 12
    # A folder that has seeds is a run that must not be overwritten.
    with pytest.raises(ConfigError, match="already holds a run: continue it with"):
        train(experiment, workdir, progress=False)
    with pytest.raises(ConfigError, match=r"seeds: give one of them, such as .*seed_3"):
        load(workdir)
    other = dataclasses.replace(experiment, batch_size=8, seed=7)
    with pytest.raises(ConfigError, match="batch_size: 16 -> 8; seed: 3 -> 7"):
        resume(workdir, other, progress=False)


@pytest.mark.slow
def test_one_behind_takes_all_back_to_their_common_step(three, tmp_path):
    workdir = shutil.copytree(three[0], tmp_path / "run")
    shutil.rmtree(workdir / "seed_4/checkpoints/12")
    with pytest.warns(UserWarning, match="seed_4 has saved .* iteration 12, but .* iteration 8"):
        assert_same_bits(resume(workdir, progress=False), three[2])
    assert [steps(workdir / f"seed_{seed}") for seed in (3, 4, 5)] == [[8, 12]] * 3
    assert [line["step"] for line in lines(workdir / "seed_3")] == [5, 10, 12]
    shutil.rmtree(workdir / "seed_4/checkpoints/12")
    shutil.rmtree(workdir / "seed_5/checkpoints/8")
    with pytest.raises(CheckpointError, match=r"no step in common: resume each by itself, such as"):
        resume(workdir, progress=False)
    shutil.rmtree(workdir / "seed_5/checkpoints")
    with pytest.raises(CheckpointError, match="seed_5 has saved a checkpoint of iteration 12, but"):
        resume(workdir, progress=False)


@pytest.mark.slow
def test_each_folder_is_an_ordinary_run(three, tmp_path, capsys):
    workdir = shutil.copytree(three[0], tmp_path / "run")
    longer = dataclasses.replace(three[1], seed=4, iterations=16)
    assert resume(workdir / "seed_4", longer, progress=False).step == 16
    assert main(["sample", str(workdir / "seed_4"), "--out", str(tmp_path / "a.png")]) == 0
    assert main(["resume", str(workdir), "--iterations", "16"]) == 0
    assert f"{workdir}/seed_*/report.png" in capsys.readouterr().out
    assert [steps(workdir / f"seed_{seed}") for seed in (3, 4, 5)] == [[12, 16]] * 3


@pytest.mark.slow
def test_a_signal_saves_all(tiny, tmp_path, monkeypatch):
    experiment = tiny(SGD, data=Circle(), iterations=24, log_every=20, sample_every=24)
    straight = train(experiment, tmp_path / "straight", progress=False, seeds=2)
    monkeypatch.setattr(Circle, "left", iter(range(249, -1, -1)))
    with pytest.raises(Interrupted, match=f"resume {tmp_path / 'stopped'}`"):
        train(experiment, tmp_path / "stopped", extra=[Circle], progress=False, seeds=2)
    first, second = (steps(tmp_path / f"stopped/seed_{seed}") for seed in (0, 1))
    assert first == second
    assert first[-1] < 24
    resumed = resume(tmp_path / "stopped", extra=[Circle], progress=False)
    assert_same_bits(resumed, straight)


@pytest.mark.slow
def test_a_metric_that_is_not_finite_names_the_seed(tiny, tmp_path):
    diverging = tiny({"learning_rate": 1e30}, seed=6, iterations=20, log_every=20)
    with pytest.raises(FloatingPointError, match=r"of seed 6 is (nan|inf) after iteration \d+"):
        train(diverging, tmp_path / "run", progress=False, seeds=2)


def test_no_seeds_are_refused(tiny, tmp_path):
    with pytest.raises(ConfigError, match="seeds must be at least 1, but is 0"):
        train(tiny(), tmp_path / "run", progress=False, seeds=0)
    assert not (tmp_path / "run").exists()

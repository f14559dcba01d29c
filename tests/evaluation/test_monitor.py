"""Evaluations during training: what they log, what they keep, and that they change nothing."""

import dataclasses
import json

import numpy as np
import pytest

from gans_jax import data, evaluation
from gans_jax.cli import main, override
from gans_jax.training import CheckpointError, ConfigError, load, resume, train
from tests.support.tiny import assert_same_bits

EVERY = {"evaluate_every": 2, "evaluate_num": 60, "checkpoint_every": 4, "log_every": 4}


@pytest.fixture(scope="module")
def monitored(digits, tmp_path_factory):
    """A run that was evaluated every two iterations: its folder and what `train` returned."""
    workdir = tmp_path_factory.mktemp("monitored") / "run"
    return workdir, train(digits(**EVERY), workdir, progress=False)


def lines(workdir):
    timed = ("seconds", "images_per_second", "input_wait")
    found = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in timed} for line in found]


def best(workdir):
    return json.loads((workdir / "best.json").read_text())


def test_training_is_not_disturbed(run, monitored):
    assert_same_bits(load(run)[1], monitored[1])


def test_numbers_are_logged_and_the_best_state_is_kept(monitored):
    workdir, _ = monitored
    logged = lines(workdir)
    assert [line["step"] for line in logged] == [2, 4, 6]
    values = [line["FD-digits"] for line in logged]
    found = best(workdir)
    chosen = int(np.argmin(values))
    assert (found["value"], found["step"]) == (values[chosen], [2, 4, 6][chosen])
    assert found["label"] == "best of 3 evaluations by FD-digits"
    assert found["split"] == "train"
    assert "biased in its favour" in found["selection"]
    _, state = load(workdir, best=True)
    assert int(state.step) == found["step"]
    steps = sorted(int(path.name) for path in (workdir / "checkpoints").iterdir())
    assert steps == [4, 6]


def test_a_number_is_that_of_the_command(monitored):
    workdir, _ = monitored
    options = {"num": 60, "split": "train", "use_best": True}
    (result,) = evaluation.evaluate_run(workdir, ["fd-digits"], **options)
    assert result.value == pytest.approx(best(workdir)["value"], rel=1e-6)
    assert result.checkpoint == "best of 3 evaluations by FD-digits"
    assert "SelectedCheckpointWarning" in [warning["name"] for warning in result.warnings]


def test_a_resumed_run_is_the_straight_one(digits, monitored, tmp_path):
    straight, state = monitored
    train(digits(**EVERY | {"iterations": 4}), tmp_path / "run", progress=False)
    resumed = resume(tmp_path / "run", digits(**EVERY), progress=False)
    assert_same_bits(resumed, state)
    assert lines(tmp_path / "run") == lines(straight)
    assert best(tmp_path / "run") == best(straight)
    states = [load(workdir, best=True)[1] for workdir in (tmp_path / "run", straight)]
    assert_same_bits(*states)


def test_a_better_state_replaces_one_from_before_a_crash(tmp_path):
    from gans_jax.runs import data_file
    from gans_jax.runs.best_checkpoint import offer

    data_file.write(tmp_path, examples=1, fingerprint=None, batch={})

    def result(value):
        return evaluation.Result("FD-digits", value, better="lower")

    for step, value in ((2, 3.0), (4, 1.0), (6, 2.0)):
        offer(tmp_path, step, {"x": np.float32([step])}, result(value))
    assert best(tmp_path)["step"] == 4
    offer(tmp_path, 3, {"x": np.float32([3])}, result(0.5))  # of a run resumed from step 2
    assert (best(tmp_path)["step"], best(tmp_path)["value"]) == (3, 0.5)
    assert sorted(path.name for path in (tmp_path / "best").iterdir()) == ["2", "3"]
    higher = dataclasses.replace(result(0.7), better="higher")
    offer(tmp_path, 8, {"x": np.float32([8])}, higher)
    assert best(tmp_path)["step"] == 8


@pytest.mark.slow
def test_each_seed_has_its_best(digits, tmp_path):
    experiment = digits(**EVERY | {"evaluate_by": "sliced-wasserstein", "iterations": 2})
    train(experiment, tmp_path / "run", progress=False, seeds=2)
    found = [best(tmp_path / "run" / f"seed_{seed}")["value"] for seed in (0, 1)]
    assert found[0] != found[1]
    train(dataclasses.replace(experiment, seed=1), tmp_path / "alone", progress=False)
    assert found[1] == pytest.approx(best(tmp_path / "alone")["value"], rel=1e-3)


@pytest.mark.slow
def test_points_have_a_metric_of_their_own(tmp_path):
    import gans_jax
    from gans_jax import networks, priors
    from gans_jax.training import Experiment

    method = gans_jax.GAN(
        networks.MLPGenerator((2,), (8,), output="linear"),
        networks.MLPDiscriminator((8,)),
        priors.Normal(4),
    )
    ring = data.GaussianRing(num=100)
    train(
        Experiment(method, ring, 2, 16, evaluate_every=1, evaluate_num=50),
        tmp_path / "run",
        progress=False,
    )
    assert [line["energy distance"] > 0 for line in lines(tmp_path / "run")] == [True, True]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"evaluate_by": "fd-digit"}, "no metric 'fd-digit': did you mean fd-digits"),
        ({"evaluate_by": "fid"}, "fid cannot rate a run while it trains: choose of fd-digits"),
        ({"evaluate_by": "prdc-digits"}, "prdc-digits cannot rate a run"),
    ],
)
def test_what_cannot_rate_a_run_is_refused_first(digits, tmp_path, changes, words):
    with pytest.raises(ConfigError, match=words):
        train(digits(**EVERY | changes), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_intervals_are_checked(digits, run):
    with pytest.raises(ValueError, match="evaluate_every must be positive, but is 0"):
        digits(evaluate_every=0)
    every = {"log_every": 2, "sample_every": 2, "checkpoint_every": 2, "repeat": 2}
    with pytest.raises(ValueError, match="evaluate_every must be a multiple of repeat"):
        digits(**every, evaluate_every=3)
    changed = override(digits(), ["--evaluate-every", "3"], "train")
    assert changed.evaluate_every == 3
    with pytest.raises(CheckpointError, match="no best checkpoint"):
        load(run, best=True)


def test_a_best_checkpoint_is_an_option(monitored, capsys):
    workdir, _ = monitored
    command = ["evaluate", str(workdir), "--best", "--metrics", "fd-digits", "--num", "50"]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "best of 3 evaluations by FD-digits at step" in printed
    assert "SelectedCheckpointWarning" in printed

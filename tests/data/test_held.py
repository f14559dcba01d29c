"""Arrays and the data sets of other libraries as sources."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from gans_jax import cli, data, priors, training
from gans_jax.methods import WGAN
from gans_jax.runs import config
from tests.support import tiny

IMAGES = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1)).astype(np.uint8)
LABELS = np.arange(16) % 3


@dataclasses.dataclass(frozen=True)
class Tuples:
    """A data set such as torchvision's, of PIL images and labels."""

    def __len__(self):
        return len(IMAGES)

    def __getitem__(self, index):
        return Image.fromarray(IMAGES[index, ..., 0]), LABELS[index]


def experiment(source, **options):
    networks = tiny.Generator(), tiny.Discriminator(batch_norm=False)
    method = WGAN(*networks, priors.Normal(2))
    return training.Experiment(method, source, **{"iterations": 2, "batch_size": 4} | options)


EXTRA = (tiny.Generator, tiny.Discriminator)


@pytest.mark.parametrize("mapped", [False, True])
def test_a_stream_of_arrays_gives_their_rows(mapped, tmp_path):
    images = IMAGES
    if mapped:
        np.save(tmp_path / "images.npy", IMAGES)
        images = np.load(tmp_path / "images.npy", mmap_mode="r")
    source = data.Arrays(images, LABELS)
    batches = [data.stream(source, 4)[t] for t in range(4)]
    seen = np.concatenate([batch["image"] for batch in batches])
    labels = np.concatenate([batch["label"] for batch in batches])
    order = [int(np.flatnonzero((image == IMAGES).all((1, 2, 3)))[0]) for image in seen]
    assert sorted(order) == list(range(16))
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, LABELS[order])


def test_a_data_set_of_tuples_is_read_as_its_arrays_are():
    found = data.RandomAccess(Tuples(), label=1)
    for index in (0, 7):
        expected = data.Arrays(IMAGES, LABELS)[index]
        assert found[index].keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_array_equal(found[index][name], value)
    assert data.RandomAccess(Tuples(), size=4)[0]["image"].shape == (4, 4, 1)


def test_a_palette_becomes_rgb_and_grey_stays_grey():
    picture = Image.fromarray(IMAGES[0, ..., 0])
    modes = {"L": 1, "1": 1, "P": 3, "RGBA": 3}
    images = [picture.convert(mode) for mode in modes]
    source = data.RandomAccess(images, image=None)
    assert [source[i]["image"].shape[-1] for i in range(4)] == list(modes.values())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: data.Arrays([[1.0]]), "image is a list: give a NumPy array"),
        (lambda: data.Arrays(IMAGES[..., 0]), r"without channels: give image\[..., None\]"),
        (lambda: data.Arrays(IMAGES.transpose(0, 3, 1, 2)), r"image.transpose\(0, 2, 3, 1\)"),
        (lambda: data.Arrays(IMAGES[:0]), r"the shape \[0, 8, 8, 1\]"),
        (lambda: data.Arrays(IMAGES, LABELS[:3]), "one whole number for each image"),
        (lambda: data.Arrays(IMAGES, LABELS / 2), "give whole numbers"),
        (lambda: data.RandomAccess(iter(())), "has no length"),
        (lambda: data.RandomAccess(Tuples(), "image")[0], "has no part 'image': it has 2 parts"),
        (lambda: data.RandomAccess(Tuples(), 1)[0], "as its image: give a PIL image"),
        (lambda: data.RandomAccess([{"img": 1}], "image")[0], "it has the keys 'img'"),
        (lambda: data.RandomAccess([(IMAGES[0], "cat")], label=1)[0], "'cat' as its label"),
        (lambda: data.RandomAccess([Image.new("L", (8, 8))])[0], "only one part, a Image"),
    ],
)
def test_what_is_no_source_is_refused_in_a_sentence(make, words):
    with pytest.raises(data.DataError, match=words):
        make()


def test_random_transforms_are_refused():
    class Random:
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return np.random.default_rng().normal(size=(8, 8, 1))

    with pytest.raises(data.DataError, match="leave out its random transforms"):
        data.RandomAccess(Random(), image=None).recorded  # noqa: B018


@pytest.mark.parametrize("raw", [IMAGES, (IMAGES, LABELS), {"image": IMAGES}])
def test_an_experiment_refuses_raw_arrays(raw):
    with pytest.raises(ValueError, match=r"is no source: give arrays as gans_jax\.data\.Arrays"):
        experiment(raw)


@dataclasses.dataclass(frozen=True)
class Named:
    """A source whose examples name their image wrongly, or are tuples without names."""

    named: bool

    def __len__(self):
        return 16

    def __getitem__(self, index):
        return {"img": IMAGES[index]} if self.named else (IMAGES[index], 0)


def test_the_splits_of_a_data_set_are_named():
    with pytest.raises(data.DataError, match=r"a dict has .* the names 'train', 'test': give one"):
        data.RandomAccess({"train": Tuples(), "test": Tuples()})


def test_a_wrong_name_and_a_tuple_are_refused_before_anything_is_written(tmp_path):
    words = "the method reads 'image' of a batch, which has 'img': let the batch, or the source"
    with pytest.raises(training.ConfigError, match=words):
        training.train(experiment(Named(True)), tmp_path / "run", extra=EXTRA, progress=False)
    with pytest.raises(data.DataError, match="is a tuple: make it a dictionary"):
        training.train(experiment(Named(False)), tmp_path / "run", extra=EXTRA, progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("change", ["same", "one pixel", "labels"])
def test_a_configuration_knows_the_arrays_again_by_their_digest(change):
    images, labels = IMAGES.copy(), LABELS.copy()
    if change == "one pixel":
        images[3, 2, 1, 0] ^= 1
    if change == "labels":
        labels[5] += 1
    texts = [
        config.to_json(experiment(data.Arrays(*arrays)), EXTRA)
        for arrays in ((IMAGES, LABELS), (images, labels))
    ]
    differing = config.differences(*texts)
    assert [line.split(":")[0] for line in differing] == {
        "same": [],
        "one pixel": ["data.image.sha256"],
        "labels": ["data.label.sha256"],
    }[change]
    assert len(json.dumps(texts[0])) < 4000


FILE = """
import numpy as np
from gans_jax import WGAN, data, networks, priors
from gans_jax.training import Experiment

images = np.random.default_rng({seed}).normal(size=(32, 2)).clip(-2, 2)
experiment = Experiment(
    WGAN(networks.MLPGenerator((2,)), networks.MLPDiscriminator(), priors.Normal(2)),
    data.Arrays(images), iterations=2, batch_size=4, samples=4,
)
"""


def test_a_run_on_arrays_goes_on_with_the_file_that_has_them(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(FILE.format(seed=0))
    (tmp_path / "other.py").write_text(FILE.format(seed=1))
    assert cli.main(["train", "own.py"]) == 0
    resume = ["resume", "runs/own", "--iterations", "4"]
    assert cli.main(resume) == 1
    assert "or its file as --experiment FILE" in capsys.readouterr().err
    assert cli.main([*resume, "--experiment", "other.py"]) == 1
    assert "data.image.sha256" in capsys.readouterr().err
    assert cli.main([*resume, "--experiment", "own.py"]) == 0
    words = ["--num", "16", "--metrics", "energy-distance"]
    assert cli.main(["evaluate", "runs/own", *words]) == 1
    assert "or its file as --experiment FILE" in capsys.readouterr().err
    assert cli.main(["evaluate", "runs/own", *words, "--experiment", "own.py"]) == 0
    assert cli.main(["sample", "runs/own", "--experiment", "own.py"]) == 0
    assert cli.main(["train", "own.py", "--iterations", "4", "--workdir", "whole"]) == 0
    _, resumed = training.load("runs/own")
    _, whole = training.load("whole")
    tiny.assert_same_bits(resumed, whole)

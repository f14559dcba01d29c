"""A source without the examples on a list, and lists that do not fit."""

import dataclasses
import gzip
import json

import numpy as np
import pytest
from PIL import Image

from gans_jax import data
from gans_jax.cli import main
from gans_jax.data import excluding
from gans_jax.runs.config import from_json, to_json
from gans_jax.training import load
from tests.support.tiny import assert_same_bits


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for index in range(6):
        Image.new("RGB", (8, 8), (index, 0, 0)).save(folder / f"{index}.png")
    return data.ImageFolder(str(folder), size=8)


@pytest.fixture
def listed(folder, tmp_path):
    excluding.write(tmp_path / "list", folder, [4, 1])
    return str(tmp_path / "list")


def idx(path, values, compress=lambda content: content):
    shape = b"".join(n.to_bytes(4, "big") for n in values.shape)
    path.write_bytes(compress(bytes([0, 0, 8, values.ndim]) + shape + values.tobytes()))
    return str(path)


def reds(source):
    return [int(example["image"][0, 0, 0]) for example in source]


def test_the_other_examples_keep_their_order(folder, listed):
    source = data.Excluding(folder, listed)
    assert len(source) == 4
    assert reds(source) == [0, 2, 3, 5]
    assert source.shapes() == {"image": (8, 8, 3)}
    order = data.stream(source, 4, seed=1)
    assert sorted(order[3]["image"][:, 0, 0, 0].tolist()) == [0, 2, 3, 5]


def test_it_is_part_of_a_configuration_and_of_other_sources(folder, listed):
    task = data.Denoising(data.Excluding(folder, listed))
    assert from_json(to_json(task)) == task
    assert len(task) == 4
    assert data.fingerprint(task) != data.fingerprint(data.Denoising(folder))


def test_its_fingerprint_tells_what_is_excluded(folder, listed, tmp_path):
    before = data.fingerprint(data.Excluding(folder, listed))
    excluding.write(tmp_path / "same.json", folder, [1, 4])
    assert data.fingerprint(data.Excluding(folder, str(tmp_path / "same.json"))) == before
    excluding.write(tmp_path / "other.json", folder, [1, 3])
    assert data.fingerprint(data.Excluding(folder, str(tmp_path / "other.json"))) != before


def test_a_list_fits_its_images_with_labels_and_at_any_size(tmp_path):
    images = np.arange(5 * 64, dtype=np.uint8).reshape(5, 8, 8)
    plain = data.IDX(idx(tmp_path / "images", images))
    path = str(tmp_path / "list")
    excluding.write(path, plain, [0])
    zipped = idx(tmp_path / "images.gz", images, gzip.compress)
    labels = idx(tmp_path / "labels", np.arange(5, dtype=np.uint8))
    source = data.Excluding(data.IDX(zipped, labels, size=10), path)
    assert [int(example["label"]) for example in source] == [1, 2, 3, 4]
    other = data.IDX(idx(tmp_path / "others", images + np.uint8(1)))
    with pytest.raises(data.DataError, match="list was made from other images"):
        len(data.Excluding(other, path))


def test_digits_have_lists_though_they_have_no_files(tmp_path):
    path = str(tmp_path / "list")
    excluding.write(path, data.Digits(), [2])
    assert len(data.Excluding(data.Digits(), path)) == 3999
    with pytest.raises(data.DataError, match="4000 examples, and here are 1000"):
        len(data.Excluding(data.Digits("test"), path))
    with pytest.raises(data.DataError, match="Denoising has no files"):
        excluding.write(path, data.Denoising(data.Digits()), [2])


def test_splits_of_a_dataset_are_told_apart(monkeypatch):
    monkeypatch.setattr(data.TFDS, "fingerprint", lambda source: source.name)
    train, again = data.TFDS("cifar10"), data.TFDS("cifar10", size=64)
    assert excluding.identity(train) == excluding.identity(again)
    assert excluding.identity(train) != excluding.identity(data.TFDS("cifar10", "test"))


CHANGES = {
    "other images": ({"images": "0"}, r"was made from other images \(6 examples, and here are 6\)"),
    "out of range": ({"exclude": [1, 6]}, "excludes 6, which is not one of the 6 examples"),
    "negative": ({"exclude": [-1]}, "excludes -1"),
    "no number": ({"exclude": [1.0]}, "excludes 1.0"),
    "a truth value": ({"exclude": [True]}, "excludes True"),
    "unknown name": ({"exclude": ["1.png", "x.png"]}, "excludes 'x.png'"),
    "all": ({"exclude": list(range(6))}, "excludes all 6 examples"),
    "no list": ({"exclude": None}, "is not an exclude list"),
}


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)
def test_a_list_that_does_not_fit_is_refused(folder, listed, change, reason):
    with open(listed) as file:
        found = json.load(file)
    with open(listed, "w") as file:
        json.dump(found | change, file)
    with pytest.raises(data.DataError, match=reason):
        len(data.Excluding(folder, listed))


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"\xff", b"[" * 100_000])
def test_what_is_no_list_is_refused(folder, tmp_path, content):
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(data.DataError, match="list is not an exclude list"):
        len(data.Excluding(folder, str(tmp_path / "list")))
    with pytest.raises(data.DataError, match=r"the exclude list .*absent is missing"):
        len(data.Excluding(folder, str(tmp_path / "absent")))
    with pytest.raises(data.DataError, match="cannot be read"):
        len(data.Excluding(folder, str(tmp_path)))


def test_a_source_with_an_order_of_its_own_is_refused(folder):
    with pytest.raises(data.DataError, match="put Excluding around the source inside Denoising"):
        data.Excluding(data.Denoising(folder), "list")
    assert dataclasses.is_dataclass(data.Excluding(folder, "list"))


EXPERIMENT = """
from gans_jax import GAN, data, networks, training

method = GAN(networks.MLPGenerator((8, 8, 3), (4,)), networks.MLPDiscriminator((4,)))
source = data.Excluding(data.ImageFolder("elsewhere", size=8), "no list")
experiment = training.Experiment(method, source, iterations=4, batch_size=3)
"""


@pytest.fixture
def command(folder, listed, tmp_path):
    (tmp_path / "file.py").write_text(EXPERIMENT)
    where = ["--data.source.path", folder.path, "--data.path", listed]
    return ["train", str(tmp_path / "file.py"), *where, "--workdir"]


def test_a_list_of_other_images_ends_a_run_before_it_begins(command, tmp_path, capsys):
    Image.new("RGB", (8, 8)).save(tmp_path / "images" / "6.png")
    assert main([*command, str(tmp_path / "run")]) == 1
    assert "was made from other images (6 examples, and here are 7)" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_run_resumes_exactly_and_refuses_another_list(command, folder, tmp_path, capsys):
    excluding.write(tmp_path / "shorter", folder, [1])
    assert main([*command, str(tmp_path / "straight")]) == 0
    assert main([*command, str(tmp_path / "run"), "--iterations", "2"]) == 0
    resume = ["resume", str(tmp_path / "run"), "--iterations", "4"]
    assert main([*resume, "--data.path", str(tmp_path / "shorter")]) == 1
    assert "began with 4 examples, but the data now have 5" in capsys.readouterr().err
    assert main(resume) == 0
    assert_same_bits(*(load(tmp_path / name)[1] for name in ("run", "straight")))

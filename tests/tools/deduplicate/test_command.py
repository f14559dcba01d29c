"""The command, and the count of planted copies, on images that are smooth noise."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from experiments.tables import deduplicate_planted
from gans_jax import data
from gans_jax.cli import main
from gans_jax.cli.named_source import named_source
from gans_jax.tools import deduplicate


def picture(rng: np.random.Generator) -> Image.Image:
    """Colours that change slowly, 80x64 pixels, a few coarse cells wide."""
    cells = rng.integers(0, 256, (4, 5, 3), np.uint8)
    return Image.fromarray(cells).resize((80, 64), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """100 different images, and of the first eight a copy each in a folder of its own."""
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    (folder / "copies").mkdir()
    for index in range(100):
        image = picture(rng)
        image.save(folder / f"{index:03}.png")
        copy = folder / "copies" / f"{index:03}.jpg"
        if index < 3:
            image.save(copy, quality=40)
        elif index < 6:
            image.resize((60, 48), Image.Resampling.BICUBIC).save(copy, quality=95)
        elif index < 8:
            image.crop((1, 1, 78, 63)).save(copy, quality=95)
    return folder


def test_the_command_lists_the_copies_and_removes_nothing(folder, tmp_path, capsys):
    """The list fits the folder after it has moved, at another size."""
    files, path = sorted(folder.rglob("*.*")), tmp_path / "copies.json"
    assert main(["deduplicate", str(folder), "--iterations", "200", "--exclude", str(path)]) == 0
    out, err = capsys.readouterr()
    groups = [group.splitlines() for group in out.strip().split("\n\n")]
    assert sorted(groups) == [[f"{i:03}.png", f"copies/{i:03}.jpg"] for i in range(8)]
    assert "8 groups, 8 of 108 images" in err
    assert sorted(folder.rglob("*.*")) == files
    assert json.loads(path.read_text())["exclude"] == [f"copies/{i:03}.jpg" for i in range(8)]
    source = data.ImageFolder(str(shutil.copytree(folder, tmp_path / "moved")), size=16)
    kept = data.Excluding(source, str(path)).kept
    assert [source.files[index] for index in kept] == [f"{i:03}.png" for i in range(100)]


@pytest.mark.slow
def test_each_line_is_a_file_whatever_its_name(tmp_path, capsys):
    rng = np.random.default_rng(1)
    for index in range(10):
        picture(rng).save(tmp_path / f"{index}.png")
    names = [os.fsdecode(b"line\nbreak \xff.png"), "copy.png"]
    for name in names:
        Image.new("RGB", (32, 32)).save(tmp_path / name)
    assert main(["deduplicate", str(tmp_path), "--iterations", "20"]) == 0
    assert "copy.png\nline\\nbreak \\udcff.png" in capsys.readouterr().out


@pytest.mark.slow
def test_any_source_can_be_searched(tmp_path, capsys):
    """An IDX file, and the data of an experiment with an override."""
    digits = data.Digits(split="test").arrays["image"][:60, :, :, 0].copy()
    digits[40] = digits[7]
    header = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in digits.shape)
    (tmp_path / "images").write_bytes(header + digits.tobytes())
    (tmp_path / "file.py").write_text(
        "from gans_jax import WGAN, data, networks, training\n"
        "method = WGAN(networks.MLPGenerator((28, 28, 1)), networks.MLPDiscriminator())\n"
        "experiment = training.Experiment(method, data.IDX('elsewhere'), iterations=1)\n"
    )
    images, path = str(tmp_path / "images"), str(tmp_path / "copies.json")
    arguments = ["--iterations", "5", "--distance", "1", "--exclude", path]
    assert main(["deduplicate", images, *arguments]) == 0
    first = capsys.readouterr().out
    assert "7\n40" in first
    experiment = [str(tmp_path / "file.py"), "--data.images", images, "--data.size", "32"]
    assert main(["deduplicate", *experiment, *arguments]) == 0
    assert 40 not in data.Excluding(data.IDX(images, size=None), path).kept
    assert main(["deduplicate", images, "--data.size", "32"]) == 1
    assert "--data.size 32: only the data of an experiment" in capsys.readouterr().err


def test_a_split_of_a_dataset_is_named_after_tfds():
    assert named_source("tfds:lsun/bedroom", [], "deduplicate", 8) == data.TFDS(
        "lsun/bedroom", "train"
    )
    assert named_source("tfds:cifar10:test[:10%]", [], "deduplicate", 8) == data.TFDS(
        "cifar10", "test[:10%]"
    )


def test_a_folder_without_copies(tmp_path, capsys):
    rng = np.random.default_rng(1)
    for index in range(40):
        picture(rng).save(tmp_path / f"{index}.png")
    assert main(["deduplicate", str(tmp_path), "--iterations", "50"]) == 0
    out, err = capsys.readouterr()
    assert out.strip() == ""
    assert "0 groups" in err


def test_planted_copies_are_near_their_originals(monkeypatch):
    monkeypatch.setattr(deduplicate_planted, "PLANTED", 5)
    rng = np.random.default_rng(0)
    images, chosen = deduplicate_planted.plant([picture(rng) for _ in range(20)], rng)
    assert images.shape == (20 + 5 * len(deduplicate_planted.KINDS), 32, 32, 3)
    for copies in np.split(np.float32(images[20:]), len(deduplicate_planted.KINDS)):
        errors = np.abs(copies[:, None] - images[:20]).mean(axis=(2, 3, 4))
        np.testing.assert_array_equal(errors.argmin(axis=1), chosen)


def test_false_positives_and_recall_are_counted(monkeypatch, tmp_path, capsys):
    """With groups in the place of hashing: two originals, one of which has a copy of each kind."""
    rng = np.random.default_rng(0)
    for index in range(10):
        picture(rng).save(tmp_path / f"{index}.png")
    planted = np.zeros((10 + 4 * len(deduplicate_planted.KINDS), 32, 32, 3), np.uint8)
    plant = lambda *_: (planted, np.array([3, 1, 4, 0]))
    monkeypatch.setattr(deduplicate_planted, "plant", plant)
    monkeypatch.setattr(deduplicate, "train", lambda images: None)
    found = {10: [[3, 8]], 14: [[3, 8, 10], [4, 9, 13]]}  # the last copy is of 0
    monkeypatch.setattr(deduplicate, "groups", lambda images, _: found[len(images)])
    deduplicate_planted.main(tmp_path, 2000)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[:-1]] == ["0.2000"] + ["0.250"] * 5

"""Hashes, groups and the command, on images that are smooth noise."""

import os

import numpy as np
import pytest
from PIL import Image

from experiments.tables import deduplicate_planted
from gans_jax.cli import main
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


def test_the_command_lists_the_copies_and_removes_nothing(folder, capsys):
    files = sorted(folder.rglob("*.*"))
    assert main(["deduplicate", str(folder), "--iterations", "200"]) == 0
    out, err = capsys.readouterr()
    groups = [group.splitlines() for group in out.strip().split("\n\n")]
    assert sorted(groups) == [[f"{i:03}.png", f"copies/{i:03}.jpg"] for i in range(8)]
    assert "8 groups, 8 of 108 images" in err
    assert sorted(folder.rglob("*.*")) == files


def test_each_line_is_a_file_whatever_its_name(tmp_path, capsys):
    rng = np.random.default_rng(1)
    for index in range(10):
        picture(rng).save(tmp_path / f"{index}.png")
    names = [os.fsdecode(b"line\nbreak \xff.png"), "copy.png"]
    for name in names:
        Image.new("RGB", (32, 32)).save(tmp_path / name)
    assert main(["deduplicate", str(tmp_path), "--iterations", "20"]) == 0
    assert "copy.png\nline\\nbreak \\udcff.png" in capsys.readouterr().out


def test_a_folder_without_copies(tmp_path, capsys):
    rng = np.random.default_rng(1)
    for index in range(40):
        picture(rng).save(tmp_path / f"{index}.png")
    assert main(["deduplicate", str(tmp_path), "--iterations", "50"]) == 0
    out, err = capsys.readouterr()
    assert out.strip() == ""
    assert "0 groups" in err


def test_hashes_are_those_of_the_seed():
    images = np.random.default_rng(0).integers(0, 256, (50, 32, 32, 3), np.uint8)
    codes, again, other = (
        deduplicate.encoder(images, iterations=3, seed=seed)(images) for seed in (0, 0, 1)
    )
    assert codes.shape == (50, 128)
    assert codes.dtype == bool
    np.testing.assert_array_equal(codes, again)
    assert (codes != other).any()


def test_groups_are_chains_of_near_hashes(monkeypatch):
    """Images whose first pixels are their hash, which is the same for all parts."""
    rng = np.random.default_rng(0)
    codes = rng.random((100, 128)) < 0.5
    monkeypatch.setattr(deduplicate, "_BLOCK", 30)

    def flipped(row, *bits):
        changed = codes[row].copy()
        changed[list(bits)] ^= True
        return changed

    codes[94] = flipped(3, 1, 2)
    codes[7] = flipped(94, 5, 6)  # four bits from row 3
    codes[55] = flipped(20, 1, 2, 3)
    images = np.zeros((100, 32, 32, 3), np.uint8)
    images += np.arange(100, dtype=np.uint8)[:, None, None, None]

    def encode(images):
        if images.dtype != np.uint8:
            images = np.rint((images + 1) * 127.5)
        return codes[np.int64(images[:, 16, 16, 0])]

    assert deduplicate.groups(images, encode, 2) == [[3, 7, 94]]
    assert deduplicate.groups(images, encode, 3) == [[3, 7, 94], [20, 55]]
    assert deduplicate.groups(images, encode, 1) == []


def test_images_of_one_hash_are_pairs_if_their_pixels_are_alike():
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)
    images[4] = images[1] // 2 + 60  # another exposure
    images[[2, 6]] = 200  # blank
    encode = lambda images: np.ones((len(images), 128), bool)
    assert deduplicate.groups(images, encode) == [[1, 4], [2, 6]]
    blank = np.full_like(images, 90)
    assert deduplicate.groups(blank, encode) == [list(range(8))]


def test_parts_of_an_image():
    image = np.arange(32.0)[None, :, None, None] + 100 * np.arange(32.0)[None, None, :, None]
    image = np.float32(np.tile(image, (2, 1, 1, 3)))
    np.testing.assert_allclose(deduplicate._cut(image, 1.0, 0.0, 0.0), image, rtol=1e-6)
    part = np.asarray(deduplicate._cut(image, 0.5, 1.0, 0.5))[0, :, :, 0]
    # Pixel i lies at i / 2 + 15.75 along the height, at i / 2 + 7.75 along the width.
    np.testing.assert_allclose(part[1:-1, 10] - 1275, 15.75 + 0.5 * np.arange(1, 31), rtol=1e-4)
    np.testing.assert_allclose(np.diff(part[5, 1:-1]), 50, rtol=1e-3)
    np.testing.assert_allclose(part[5, 0] // 100, 7, rtol=1e-4)


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
    monkeypatch.setattr(deduplicate, "encoder", lambda images: None)
    found = {10: [[3, 8]], 14: [[3, 8, 10], [4, 9, 13]]}  # the last copy is of 0
    monkeypatch.setattr(deduplicate, "groups", lambda images, _: found[len(images)])
    deduplicate_planted.main(tmp_path, 2000)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[:-1]] == ["0.2000"] + ["0.250"] * 5

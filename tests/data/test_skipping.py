import dataclasses
import errno
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gans_jax import WGAN
from gans_jax.cli import override
from gans_jax.data import DataError, ImageFolder, PairedFolder, Unaligned, UnpairedFolders, stream
from gans_jax.data.skipping import BadExample, Skipped
from gans_jax.runs.config import from_json, to_json
from gans_jax.training import Experiment
from tests.support import tiny

NUM, BAD = 250, (3, 4)  # two bad ones are the most that 250 may have


def read(index):
    if index in BAD:
        raise BadExample(f"example {index} is bad")
    return index


@pytest.fixture
def folder(tmp_path):
    """Images whose level is their number, with two that cannot be read."""
    for i in range(NUM):
        Image.new("RGB", (8, 4), (i, i, i)).save(tmp_path / f"{i:03d}.png")
    for i in BAD:
        (tmp_path / f"{i:03d}.png").write_bytes(b"garbage")
    return str(tmp_path)


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def level(image):
    assert np.ptp(image) == 0
    return int(image.flat[0])


def test_the_next_good_example_takes_the_place():
    reader = Skipped("skip", NUM)
    assert [reader.read(i, read) for i in range(6)] == [0, 1, 2, 5, 5, 5]
    assert reader.listed == ("example 3 is bad", "example 4 is bad")


def test_behind_the_last_comes_the_first():
    def odd(index):
        if index == 4:
            raise BadExample("the last")
        return index

    assert Skipped("skip", 5).read(4, odd) == 0
    assert Skipped("skip", 5).read(-1, odd) == 0
    with pytest.raises(IndexError):
        Skipped("skip", 5).read(5, odd)


def test_the_order_of_reading_changes_nothing():
    wanted = [Skipped("skip", NUM).read(i, read) for i in range(8)]
    reader = Skipped("skip", NUM)
    assert [reader.read(i, read) for i in reversed(range(8))] == wanted[::-1]


def test_by_default_a_bad_example_raises():
    with pytest.raises(BadExample, match="example 3 is bad"):
        Skipped("raise", NUM).read(3, read)


@pytest.mark.parametrize(("length", "limit"), [(1, 1), (199, 1), (200, 2), (1000, 10)])
def test_one_in_a_hundred_may_be_bad(length, limit):
    def first_bad(index):
        if index < limit:
            raise BadExample(f"example {index} is bad")
        return index

    reader = Skipped("skip", length)
    if length > 1:
        assert reader.read(0, first_bad) == limit
    limit += 1
    message = f"of {length} examples cannot be used, but on_bad='skip' allows"
    with pytest.raises(DataError, match=message):
        Skipped("skip", length).read(0, first_bad)
    with pytest.raises(DataError, match=message):  # and goes on to raise
        [reader.read(i, first_bad) for i in (0, limit - 1, length - 1)]


def test_each_bad_example_is_named_once():
    reader = Skipped("skip", NUM)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            [reader.read(i, read) for i in range(8)]
    assert [str(warning.message) for warning in caught] == [
        "the next example takes the place of a bad one, number 1 so far: example 3 is bad",
        "the next example takes the place of a bad one, number 2 so far: example 4 is bad",
    ]


def test_other_errors_pass():
    def lost(index):
        raise DataError("the network is down")

    reader = Skipped("skip", NUM)
    with pytest.raises(DataError, match="the network is down"):
        reader.read(0, lost)
    assert reader.listed == ()


def test_an_error_of_the_system_is_not_the_image_s(folder, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    source = ImageFolder(folder, size=None, on_bad="skip")
    assert len(source) == NUM
    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(DataError, match=r"000\.png cannot be read .*Input/output error"):
        source[0]


def test_image_folder(folder):
    source = ImageFolder(folder, size=None, on_bad="skip")
    assert len(source) == NUM
    assert [level(source[i]["image"]) for i in range(2, 7)] == [2, 5, 5, 5, 6]
    assert [Path(reason.split(" cannot be read")[0]).name for reason in source.skipped] == [
        "003.png",
        "004.png",
    ]
    with pytest.raises(DataError, match=r"003\.png cannot be read"):
        ImageFolder(folder, size=None)[3]


def test_a_label_is_that_of_the_image_shown(tmp_path):
    for name in ("cat/0.png", "dog/0.png"):
        (tmp_path / name).parent.mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "cat/0.png").write_bytes(b"")
    source = ImageFolder(str(tmp_path), on_bad="skip")
    assert source[0]["label"] == 1


def test_an_image_smaller_than_the_crop(tmp_path):
    for i, side in enumerate((8, 4, 8)):
        Image.new("L", (side, side), i).save(tmp_path / f"{i}.png")
    source = ImageFolder(str(tmp_path), size=None, crop=6, on_bad="skip")
    assert [level(source[i]["image"]) for i in range(3)] == [0, 2, 2]


def test_paired_folder(folder):
    source = PairedFolder(folder, on_bad="skip")
    assert [level(source[i]["a"]) for i in range(2, 6)] == [2, 5, 5, 5]
    assert len(source.skipped) == 2
    with pytest.raises(DataError, match=r"003\.png cannot be read"):
        PairedFolder(folder)[3]


@pytest.mark.parametrize("of", ["A", "B"])
def test_a_pair_is_as_good_as_both_its_images(tmp_path, of):
    for i in range(4):
        for domain in "AB":
            (tmp_path / domain).mkdir(exist_ok=True)
            Image.new("RGB", (8, 8), (i, i, i)).save(tmp_path / domain / f"{i}.png")
    (tmp_path / of / "1.png").write_bytes(b"")
    source = PairedFolder(str(tmp_path / "A"), str(tmp_path / "B"), on_bad="skip")
    assert [(level(e["a"]), level(e["b"])) for e in source] == [(0, 0), (2, 2), (2, 2), (3, 3)]


def test_what_does_not_make_a_pair_is_skipped(tmp_path):
    for i, width in enumerate((8, 9, 8)):
        Image.new("RGB", (width, 4), (i, i, i)).save(tmp_path / f"{i}.png")
    assert level(PairedFolder(str(tmp_path), on_bad="skip")[1]["b"]) == 2


def test_unpaired_folders_skip_in_each_domain(tmp_path):
    for domain in "AB":
        (tmp_path / f"train{domain}").mkdir()
        for i in range(4):
            Image.new("RGB", (8, 8), (i, i, i)).save(tmp_path / f"train{domain}/{i}.png")
    (tmp_path / "trainB/2.png").write_bytes(b"")
    source = UnpairedFolders(str(tmp_path), on_bad="skip")
    assert [(level(e["a"]), level(e["b"])) for e in source] == [(0, 0), (1, 1), (2, 3), (3, 3)]
    assert len(source.skipped) == 1
    assert "trainB/2.png" in source.skipped[0]
    with pytest.raises(DataError, match=r"trainB/2\.png"):
        UnpairedFolders(str(tmp_path))[2]


@pytest.mark.parametrize("kind", [lambda source: source, Unaligned])
def test_shards_threads_and_resuming_change_no_batch(folder, kind):
    def make(**where):
        return stream(kind(PairedFolder(folder, size=4, on_bad="skip")), 50, seed=1, **where)

    wanted = [make()[t] for t in range(10)]  # two epochs, a reader each
    assert {level(image) for batch in wanted for image in batch["a"]}.isdisjoint(BAD)
    for index in range(2):
        rows = slice(25 * index, 25 * index + 25)
        ahead = make(shard=(index, 2)).prefetch(3, 10, threads=3)
        for t, batch in enumerate(ahead, start=3):
            for name in ("a", "b"):
                np.testing.assert_array_equal(batch[name], wanted[t][name][rows])


def test_too_many_bad_ones_end_the_prefetching(folder):
    Path(folder, "100.png").write_bytes(b"")
    ahead = stream(ImageFolder(folder, size=None, on_bad="skip"), 50).prefetch(0, 5)
    with pytest.raises(DataError, match="3 of 250 examples cannot be used"):
        list(ahead)


@pytest.mark.parametrize("kind", [ImageFolder, PairedFolder, UnpairedFolders])
def test_configuration(kind):
    source = kind("A", on_bad="skip")
    assert from_json(to_json(source)) == source
    before = to_json(kind("A")).replace('"on_bad": "raise",', "")
    assert "on_bad" not in before
    assert from_json(before) == kind("A")
    run = Experiment(WGAN(tiny.Generator(), tiny.Discriminator()), kind("A"), iterations=1)
    assert override(run, ["--data.on-bad", "skip"], "train").data == source
    with pytest.raises(DataError, match="on_bad cannot be 'ignore': choose 'raise' or 'skip'"):
        kind("A", on_bad="ignore")


def test_what_was_met_is_no_part_of_the_configuration(folder):
    source = ImageFolder(folder, size=None, on_bad="skip")
    source[3]
    assert source == ImageFolder(folder, size=None, on_bad="skip")
    assert dataclasses.replace(source).skipped == ()

"""Folders of images as sets of examples."""

import os

import numpy as np
import pytest
from PIL import Image

from gans_jax.data import DataError, LeftOutWarning
from gans_jax.evaluation.sets import of_folder
from tests.support.exif import ORIENTATION, SHORT, TEXT, X_RESOLUTION, exif

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4, 3), np.uint8)


def images(folder, **options):
    return np.concatenate(list(of_folder(str(folder), **options).batches()))


def test_images_are_turned_before_their_sizes_are_compared(tmp_path):
    block = exif((ORIENTATION, SHORT, 1, b"\x08\0"), (X_RESOLUTION, TEXT, 3, b"no\0"))
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    Image.fromarray(np.ascontiguousarray(np.rot90(PIXELS, -1))).save(tmp_path / "b.png", exif=block)
    assert of_folder(str(tmp_path)).shape == (6, 4, 3)
    np.testing.assert_array_equal(images(tmp_path), [PIXELS, PIXELS])


@pytest.mark.parametrize("tag", [(TEXT, 2, b"6\0"), (7, 1, b"\6"), (SHORT, 2, b"\6\0\6\0")])
def test_an_orientation_that_makes_no_sense_is_none(tmp_path, tag):
    Image.fromarray(PIXELS).save(tmp_path / "a.png", exif=exif((ORIENTATION, *tag)))
    np.testing.assert_array_equal(images(tmp_path), [PIXELS])


def test_what_is_no_image_is_refused_by_name(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match=r"pipe\.png cannot be read \(it is not a regular file\)"):
        of_folder(str(tmp_path))
    (tmp_path / "pipe.png").unlink()
    Image.new("RGB", (16, 16)).save(tmp_path / "script.png", "EPS")
    with pytest.raises(DataError, match=r"script\.png cannot be read \(it is not a whole PNG"):
        of_folder(str(tmp_path))


def test_sizes_that_differ_are_named_on_one_line(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a\nb.png")
    Image.new("RGB", (5, 5)).save(tmp_path / os.fsdecode(b"\xff.gif"))
    with pytest.raises(DataError, match=r"4x4 \(a\\nb\.png\) and 5x5 \(\\udcff\.gif\): resize"):
        of_folder(str(tmp_path))


def test_a_strip_of_pixels_is_resized(tmp_path):
    Image.new("RGB", (20_000, 1), (9, 9, 9)).save(tmp_path / "a.png")
    assert (images(tmp_path, size=64) == 9).all()


def test_files_of_other_kinds_are_named(tmp_path):
    for suffix in ("png", "tif"):
        Image.fromarray(PIXELS).save(tmp_path / f"a.{suffix}")
    (tmp_path / "a.heic").write_bytes(b"")
    with pytest.warns(LeftOutWarning, match=r"1 \.heic"):
        assert of_folder(str(tmp_path)).count == 2


@pytest.mark.parametrize(("suffix", "lossy"), [("jfif", True), ("webp", True), ("tif", False)])
def test_files_with_losses_are_known(tmp_path, suffix, lossy):
    Image.fromarray(PIXELS).save(tmp_path / f"a.{suffix}")
    assert of_folder(str(tmp_path)).lossy == lossy

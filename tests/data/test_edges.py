"""Contours and sketches of drawings whose lines are known."""

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.stats import norm

from gans_jax.core import extras
from gans_jax.data import ContoursToPhoto, DataError, Digits, SketchToPhoto, stream
from gans_jax.data.edges import _paths
from gans_jax.runs.config import from_json, to_json

pytest.importorskip("skimage")


def draw(task, image, seed=0, **fields):
    """Returns where the task draws a line."""
    a = task(Digits(), **fields).corrupt(np.asarray(image, np.uint8), np.random.default_rng(seed))
    assert set(np.unique(a)) <= {0, 255}
    assert (a == a[..., :1]).all()
    return a[..., 0] == 0


def squares(contrast: int, side: int = 40) -> np.ndarray:
    """A square of 40 pixels, and a spot of 1 pixel, on grey."""
    image = np.full((64, 64, 3), 100, np.uint8)
    image[12 : 12 + side, 12 : 12 + side] += np.uint8(contrast)
    image[58:59, 58:59] += np.uint8(contrast)
    return image


def test_a_contour_is_one_pixel_wide_and_lies_on_the_step():
    lines = draw(ContoursToPhoto, squares(100))
    assert lines[32].sum() == 2
    assert lines[:, 32].sum() == 2
    left, right = np.flatnonzero(lines[32])
    assert abs(left - 11.5) <= 1
    assert abs(right - 51.5) <= 1
    assert not lines[16:48, 16:48].any()


def test_thresholds_are_grey_levels_per_pixel():
    """Half the difference of two pixels that lie 0.5 and -1.5 pixels from the smoothed step."""
    step = np.tile(40 * (np.arange(64) > 31)[None, :, None], (64, 1, 3))
    steepest = 40 * (norm.cdf(0.5) - norm.cdf(-1.5)) / 2
    for share, found in ((0.95, True), (1.05, False)):
        threshold = share * steepest
        lines = draw(ContoursToPhoto, step, sigma=1.0, low=threshold, high=threshold)
        assert lines.any() == found
    assert draw(ContoursToPhoto, step, sigma=1.0, low=0.1, high=0.95 * steepest).any()
    assert not draw(ContoursToPhoto, step, sigma=1.0, low=0.1, high=1.05 * steepest).any()


def test_contours_of_fewer_than_five_pixels_are_removed(monkeypatch):
    lines = draw(ContoursToPhoto, squares(100), sigma=0.5, low=6.0, high=14.0)
    assert not lines[54:, 54:].any()
    monkeypatch.setattr("gans_jax.data.edges.SMALLEST", 1)
    assert draw(ContoursToPhoto, squares(100), sigma=0.5, low=6.0, high=14.0)[54:, 54:].any()


def test_a_sketch_has_few_straight_strokes():
    image = np.asarray(circle())
    lines = draw(SketchToPhoto, image, wobble=0.0, tolerance=3.0)
    contours = draw(ContoursToPhoto, image, sigma=2.5)
    distance = np.abs(np.hypot(*(np.argwhere(lines) - 31.5).T) - 20)
    assert distance.max() < 5  # the chords of the circle
    assert distance.max() > 1.5
    assert 0.7 < lines.sum() / contours.sum() < 1.1
    assert not draw(SketchToPhoto, image, shortest=1000).any()


def circle() -> Image.Image:
    image = Image.new("RGB", (64, 64), (100, 100, 100))
    ImageDraw.Draw(image).ellipse((12, 12, 51, 51), fill=(220, 220, 220))
    return image


def test_the_hand_is_of_the_place_in_the_stream():
    image = np.asarray(circle())
    steady = [draw(SketchToPhoto, image, seed, wobble=0.0) for seed in (0, 1)]
    np.testing.assert_array_equal(*steady)
    one, again, other = (draw(SketchToPhoto, image, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    batch = stream(SketchToPhoto(Digits(size=32)), 4)[0]
    assert batch["a"].shape == batch["b"].shape == (4, 32, 32, 1)


def test_paths_end_where_lines_branch_and_loops_are_whole():
    lines = np.zeros((12, 12), bool)
    lines[2, 1:6] = True
    lines[3:6, 3] = True  # a T
    paths = [path.tolist() for path in _paths(lines)]
    assert [[2, 1]] in paths
    assert sorted(map(len, paths)) == [1, 1, 2]
    ring = np.zeros((8, 8), bool)
    ring[[1, 2, 3, 4, 3, 2], [3, 2, 1, 2, 3, 4]] = True
    ring[3, 3] = False
    ring[3, 4] = ring[4, 3] = True
    assert sum(map(len, _paths(ring))) == ring.sum()


@pytest.mark.parametrize("task", [ContoursToPhoto, SketchToPhoto])
def test_bad_settings_and_a_missing_package_are_refused(task, monkeypatch):
    assert from_json(to_json(task(Digits()))) == task(Digits())
    with pytest.raises(DataError, match=r"low 9.0 is above high 2.0"):
        task(Digits(), low=9.0, high=2.0)
    monkeypatch.setitem(extras.OLDEST, "scikit-image", ("edges", "99.0"))
    with pytest.raises(DataError, match=r"drawing contours needs scikit-image .*\.\[edges\]"):
        task(Digits())[0]


def test_an_unsteady_hand_is_no_negative_one():
    with pytest.raises(DataError, match=r"wobble cannot be -1.0"):
        SketchToPhoto(Digits(), wobble=-1.0)
    assert dataclasses.is_dataclass(SketchToPhoto)

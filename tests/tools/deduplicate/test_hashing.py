"""Thumbnails, hashes, and hashes of parts."""

import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax.core import as_float
from gans_jax.data import DataError
from gans_jax.data.source import InMemory
from gans_jax.tools import deduplicate
from gans_jax.tools.deduplicate import hashing, search, thumbnails


class Images(InMemory):
    def __init__(self, image: np.ndarray) -> None:
        self.image = image

    @property
    def arrays(self):
        return {"image": self.image}


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_thumbnails_are_the_images(monkeypatch):
    monkeypatch.setattr(thumbnails, "BLOCK", 7)
    images = noise(20, 32, 32, 3)
    small = deduplicate.Thumbnails(Images(images))
    assert len(small) == 20
    np.testing.assert_array_equal(small[3:9], images[3:9])
    np.testing.assert_array_equal(small[np.array([19, 0, 19])], images[[19, 0, 19]])
    blocks = dict(small.blocks())
    assert [*blocks] == [0, 7, 14]
    np.testing.assert_array_equal(np.concatenate([*blocks.values()]), images)


def test_grey_images_of_any_size_have_thumbnails():
    small = deduplicate.Thumbnails(Images(np.full((2, 40, 64, 1), 7, np.uint8)))
    np.testing.assert_array_equal(small[:], np.full((2, 32, 32, 3), 7))


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        (np.zeros((2, 8, 8, 4), np.uint8), "images with 4 channels have no known colours"),
        (np.zeros((2, 8, 8, 3), np.float32), "float32"),
        (np.zeros((0, 8, 8, 3), np.uint8), "there are no images"),
    ],
)
def test_unfit_images_are_refused(images, reason):
    with pytest.raises(DataError, match=reason):
        deduplicate.Thumbnails(Images(images))


def test_hashes_are_those_of_the_seed():
    images = deduplicate.Thumbnails(Images(noise(50, 32, 32, 3)))
    codes, again, other = (
        deduplicate.train(images, iterations=3, seed=seed).wholes(images[:]) for seed in (0, 0, 1)
    )
    assert codes.shape == (50, 2)
    np.testing.assert_array_equal(codes, again)
    assert (codes != other).any()


def test_parts_have_the_hashes_of_images_that_are_cut():
    rng = np.random.default_rng(0)
    kernel, bias = rng.standard_normal((3072, 128)), rng.standard_normal(128)
    mean = rng.uniform(-1, 1, 3072)
    images = noise(4, 32, 32, 3)
    codes = deduplicate.Encoder(*map(np.float32, (kernel, bias, mean))).parts(images)
    for number, part in enumerate(hashing.PARTS):
        rows, columns = hashing.cut(*part)
        pixels = np.einsum("ih,nhwc,jw->nijc", rows, as_float(images), columns)
        bits = (pixels.reshape(4, -1) - mean) @ kernel + bias > 0
        # A sum that is zero up to rounding may have either sign.
        assert search.hamming(codes[:, number], search.pack(bits)).max() <= 1


def test_parts_of_an_image():
    image = np.arange(32.0)[:, None] + 100 * np.arange(32.0)[None, :]
    rows, columns = hashing.cut(1.0, 0.0, 0.0)
    np.testing.assert_allclose(rows @ image @ columns.T, image, rtol=1e-6)
    rows, columns = hashing.cut(0.5, 1.0, 0.5)
    part = rows @ image @ columns.T
    # Pixel i lies at i / 2 + 15.75 along the height, at i / 2 + 7.75 along the width.
    np.testing.assert_allclose(part[1:-1, 10] - 1275, 15.75 + 0.5 * np.arange(1, 31), rtol=1e-4)
    np.testing.assert_allclose(np.diff(part[5, 1:-1]), 50, rtol=1e-3)
    np.testing.assert_allclose(part[5, 0] // 100, 7, rtol=1e-4)
    assert jnp.shape(part) == (32, 32)

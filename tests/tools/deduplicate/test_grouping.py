"""Groups of images whose hashes are given."""

import numpy as np
import pytest

from gans_jax.tools.deduplicate import grouping, search


class Images:
    """Images in memory, which are read in blocks as thumbnails are; counts what is read."""

    def __init__(self, images: np.ndarray) -> None:
        self.images, self.read = images, 0

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows):
        found = self.images[rows]
        self.read += len(found)
        return found

    def blocks(self):
        for start in range(0, len(self), 30):
            yield start, self[start : start + 30]


class Given:
    """Hashes an image, and all its parts, by a code that is given for it."""

    def __init__(self, images: np.ndarray, codes: np.ndarray) -> None:
        hashes = search.pack(codes)
        self.of = {image.tobytes(): code for image, code in zip(images, hashes, strict=True)}

    def wholes(self, images):
        return np.stack([self.of[image.tobytes()] for image in images])

    def parts(self, images):
        return self.wholes(images)[:, None].repeat(len(grouping.PARTS), axis=1)


def numbered(images: np.ndarray) -> np.ndarray:
    """Changes a pixel of each image, so that all are different."""
    images[:, 0, 0, 0] = np.arange(len(images))
    return images


def groups(images, codes, distance=grouping.DISTANCE):
    return grouping.groups(Images(images), Given(images, codes), distance)


def test_groups_are_chains_of_near_hashes(monkeypatch):
    rng = np.random.default_rng(0)
    codes = rng.random((100, 128)) < 0.5
    monkeypatch.setattr(grouping, "BLOCK", 30)

    def flipped(row, *bits):
        changed = codes[row].copy()
        changed[list(bits)] ^= True
        return changed

    codes[94] = flipped(3, 1, 2)
    codes[7] = flipped(94, 5, 6)  # four bits from row 3
    codes[55] = flipped(20, 1, 2, 3)
    one = rng.integers(0, 256, (32, 32, 3), np.uint8)
    images = numbered(np.tile(one, (100, 1, 1, 1)))
    assert groups(images, codes, 2) == [[3, 7, 94]]
    assert groups(images, codes, 3) == [[3, 7, 94], [20, 55]]
    assert groups(images, codes, 1) == []


def test_images_of_one_hash_are_pairs_if_their_pixels_are_alike():
    images = numbered(np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8))
    images[4] = images[1] // 2 + 60  # another exposure
    images[[2, 6]] = 200  # blank
    codes = np.ones((8, 128), bool)
    assert groups(images, codes) == [[1, 4], [2, 6]]
    assert groups(np.full_like(images, 90), codes) == [list(range(8))]


@pytest.mark.parametrize("crowd", [1000, 4])
def test_images_that_share_their_large_areas_alone_are_no_pairs(monkeypatch, crowd):
    monkeypatch.setattr(grouping, "CROWD", crowd)
    rng = np.random.default_rng(0)
    shade = np.linspace(220, 30, 32)[:, None, None]  # a bright sky over dark ground
    images = np.uint8(shade + rng.normal(0, 10, (8, 32, 32, 3)))
    images[6] = np.clip(images[1] + rng.normal(0, 5, images[1].shape), 0, 255)
    correlations = np.corrcoef(np.float64(images).reshape(8, -1))
    assert correlations.min() > grouping.CORRELATION
    assert groups(images, np.ones((8, 128), bool)) == [[1, 6]]


def test_a_part_of_an_image_has_its_copy():
    """Only the last part of image 5 has the hash of image 2."""
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 256, (10, 4, 4, 3)).repeat(8, axis=1).repeat(8, axis=2)
    images, codes = numbered(np.uint8(cells)), rng.random((10, 128)) < 0.5
    rows, columns = grouping.cut(*grouping.PARTS[-1])
    images[2] = np.rint(np.einsum("ih,hwc,jw->ijc", rows, images[5] / 1.0, columns))

    class LastPart(Given):
        def parts(self, given):
            found = super().parts(given)
            found[(given == images[5]).all(axis=(1, 2, 3)), -1] = search.pack(codes[2:3])
            return found

    assert grouping.groups(Images(images), LastPart(images, codes)) == [[2, 5]]
    far = codes.copy()
    far[2] ^= True
    assert groups(images, far) == []


def test_outlines_bound_correlations_and_cuts_are_by_both_matrices():
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 256, (40, 8, 8, 3)).repeat(4, axis=1).repeat(4, axis=2)
    images = np.uint8(np.clip(cells + rng.normal(0, 30, cells.shape), 0, 255))
    part = grouping.PARTS[12]
    rows, columns = grouping.cut(*part)
    pixels = np.einsum("ih,nhwc,jw->nijc", rows, images / 127.5 - 1, columns)
    np.testing.assert_allclose(grouping._resampled(images, rows, columns), pixels, atol=1e-5)
    units = grouping._unit(images)
    outlines = np.float32(grouping._outline(units))
    excess = outlines @ outlines.T - units @ units.T
    assert excess.min() > -grouping._ROUNDING
    np.testing.assert_allclose(np.diag(excess), 0, atol=grouping._ROUNDING)
    assert np.median(excess) < 1


@pytest.mark.parametrize("noisy", [False, True])
def test_crowds_of_blank_images_take_linear_time(monkeypatch, noisy):
    """Two pairs of scenes among a thousand blank images, all with nearly one hash."""
    monkeypatch.setattr(grouping, "CROWD", 50)
    num, rng = 1000, np.random.default_rng(0)
    images = np.full((num, 32, 32, 3), 90, np.uint8)
    images += np.uint8(noisy * (rng.random(images.shape) < 0.05))
    images[[3, 500]], images[[77, 999]] = rng.integers(0, 256, (2, 32, 32, 3), np.uint8)
    codes = rng.random((num, 128)) < 0.02 * noisy
    codes[500], codes[999] = codes[3], codes[77]
    read = Images(images)
    blank = sorted(set(range(num)) - {3, 500, 77, 999})
    assert grouping.groups(read, Given(images, codes)) == [blank, [3, 500], [77, 999]]
    assert read.read < 20 * num

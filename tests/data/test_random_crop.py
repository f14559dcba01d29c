"""Random windows of larger images."""

import dataclasses

import numpy as np
import pytest

from gans_jax import data
from gans_jax.data import DataError, RandomCrop, stream
from gans_jax.data.augment import Augment
from gans_jax.data.order import generator, shuffled
from gans_jax.data.source import InMemory


@dataclasses.dataclass(frozen=True)
class Images(InMemory):
    """Pairs whose pixels tell the example, the row and the column."""

    num: int = 12
    height: int = 9
    width: int = 11

    @property
    def arrays(self):
        shape = self.num, self.height, self.width
        pixels = np.stack(np.indices(shape), axis=-1).astype(np.uint8)
        return {"image": pixels, "b": 255 - pixels, "label": np.arange(self.num)}


def test_a_stream_draws_what_augment_draws():
    """The window and the mirroring of each position, for all images of an example."""
    source = Images()
    batch = stream(RandomCrop(source, 8), 12, seed=3)[1]
    for row, position in enumerate(range(12, 24)):
        example = source[shuffled(12, 3, position)]
        images = [example["image"], example["b"]]
        expected = Augment(2.0).window(images, 8, generator(3, position))
        np.testing.assert_array_equal(batch["image"][row], expected[0])
        np.testing.assert_array_equal(batch["b"][row], expected[1])
        assert batch["label"][row] == example["label"]
        one = RandomCrop(source, 8).draw(3, position)
        np.testing.assert_array_equal(one["image"], expected[0])


def test_an_example_by_number_is_the_centre():
    example = RandomCrop(Images(), 7)[2]
    np.testing.assert_array_equal(example["image"], Images()[2]["image"][1:8, 2:9])
    assert example["label"] == 2


def test_without_mirroring_columns_ascend():
    kept, mirrored = (stream(RandomCrop(Images(), 8, flip), 12)[0] for flip in (False, True))
    steps = np.diff(mirrored["image"][:, 0, :, 2].astype(int), axis=1)
    assert (np.diff(kept["image"][:, 0, :, 2].astype(int), axis=1) == 1).all()
    assert {*np.unique(steps)} == {-1, 1}


def test_images_of_the_size_are_mirrored_alone():
    """As `Augment(enlarge=1)` does, which draws no place."""
    source = Images(height=8, width=8)
    batch = stream(RandomCrop(source, 8), 12)[0]
    for row in range(12):
        image = source[shuffled(12, 0, row)]["image"]
        (expected,) = Augment(1.0).window([image], 8, generator(0, row))
        np.testing.assert_array_equal(batch["image"][row], expected)


def test_what_it_tells_of_itself():
    crop = RandomCrop(data.ImageFolder("x", size=20), 16)
    assert crop.shapes() == {"image": (16, 16, 3)}
    assert not crop.has_truth
    assert RandomCrop(data.DigitDomains("test").b, 16).shapes() == {}


def test_images_without_a_window_are_refused():
    with pytest.raises(DataError, match=r"images of 9x11 pixels have no common window of 10x10"):
        RandomCrop(Images(), 10)[0]
    with pytest.raises(DataError, match=r"images of no pixels"):
        RandomCrop(data.GaussianRing(), 2)[0]
    with pytest.raises(DataError, match="put RandomCrop around the source inside DigitDomains"):
        RandomCrop(data.DigitDomains(), 2)

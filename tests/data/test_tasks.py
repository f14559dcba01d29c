import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from gans_jax.data import (
    Augment,
    Colourisation,
    DataError,
    Denoising,
    Deraining,
    DigitDomains,
    Digits,
    EdgesToPhoto,
    GaussianRing,
    Inpainting,
    Rotation,
    SuperResolution,
    Unaligned,
    stream,
)
from gans_jax.data.source import InMemory
from gans_jax.runs.config import from_json, to_json


@dataclasses.dataclass(frozen=True)
class Images(InMemory):
    """Six colour images of noise."""

    height: int = 16
    width: int = 16

    @property
    def arrays(self):
        shape = (6, self.height, self.width, 3)
        return {"image": np.random.default_rng(0).integers(0, 256, shape, np.uint8)}


RANDOM = [Inpainting, Deraining, Denoising, Rotation]
FIXED = [Colourisation, SuperResolution, EdgesToPhoto]


def corrupt(task, image, seed=0):
    return task(Images()).corrupt(np.asarray(image, np.uint8), np.random.default_rng(seed))


@pytest.mark.parametrize("task", RANDOM + FIXED)
@pytest.mark.parametrize("width", [16, 21])
def test_b_is_the_image_and_a_has_its_shape(task, width):
    source = task(Images(width=width))
    assert len(source) == 6
    for i, example in enumerate(source):
        assert set(example) == {"a", "b"}
        np.testing.assert_array_equal(example["b"], Images(width=width)[i]["image"])
        assert example["a"].shape == example["b"].shape
        assert example["a"].dtype == np.uint8
        assert not np.array_equal(example["a"], example["b"])


@pytest.mark.parametrize("task", RANDOM)
def test_draws_belong_to_the_place_in_the_stream(task):
    source = task(Images())
    batches = stream(source, 6, seed=3)
    first = [batches[t] for t in range(3)]
    order = [np.lexsort(batch["b"].reshape(6, -1).T) for batch in first]
    again = stream(task(Images()), 6, seed=3)[2]
    np.testing.assert_array_equal(again["a"], first[2]["a"])
    (x, y) = (first[t]["a"][order[t]] for t in (0, 1))
    np.testing.assert_array_equal(first[0]["b"][order[0]], first[1]["b"][order[1]])
    assert all(not np.array_equal(*images) for images in zip(x, y, strict=True))
    np.testing.assert_array_equal(source[2]["a"], source[2]["a"])


@pytest.mark.parametrize("task", RANDOM)
def test_shards_in_a_row_are_the_global_batch(task):
    whole = stream(task(Images()), 4)[2]["a"]
    parts = [stream(task(Images()), 4, shard=(i, 2))[2]["a"] for i in range(2)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("task", FIXED)
def test_fixed_tasks_draw_nothing(task):
    image = Images()[0]["image"]
    np.testing.assert_array_equal(corrupt(task, image, 0), corrupt(task, image, 1))


@pytest.mark.parametrize("task", [*RANDOM, SuperResolution, EdgesToPhoto])
def test_digits(task):
    batch = stream(task(Digits(size=32)), 8)[0]
    assert batch["a"].shape == batch["b"].shape == (8, 32, 32, 1)


def test_augmentation_comes_first():
    source = Colourisation(Images(), size=8, augment=Augment())
    batches = stream(source, 6)
    assert len({batches[t]["b"][i].tobytes() for t in range(10) for i in range(6)}) > 18
    for a, b in zip(batches[1]["a"], batches[1]["b"], strict=True):
        np.testing.assert_array_equal(a, corrupt(Colourisation, b))


def test_colourisation():
    a = corrupt(Colourisation, [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [10, 10, 10]]])
    np.testing.assert_array_equal(a[..., 0], [[76, 150], [29, 10]])
    assert (a == a[..., :1]).all()
    with pytest.raises(DataError, match="1 channels have no colour"):
        Colourisation(Digits())[0]


def test_inpainting():
    image = Images(height=20, width=30)[0]["image"]
    tops = set()
    for seed in range(200):
        a = corrupt(Inpainting, image, seed)
        rows, columns = np.nonzero((a != image).any(axis=-1))
        top, left = rows.min(), columns.min()
        assert (rows.max() - top, columns.max() - left) == (7, 7)  # 0.4 of 20
        assert (a[top : top + 8, left : left + 8] == 127).all()
        assert len(rows) == 64
        tops.add((int(top), int(left)))
    assert {top for top, _ in tops} == set(range(13))
    assert {left for _, left in tops} == set(range(23))


def test_super_resolution():
    stripes = np.tile(np.array([0, 0, 255, 255], np.uint8)[:, None], (16, 4, 3))
    for image in (stripes, stripes.swapaxes(0, 1)):
        assert np.ptp(corrupt(SuperResolution, image)) < 80
        assert np.ptp(SuperResolution(Images(), factor=2).corrupt(image, None)) > 200
    ramp = np.broadcast_to(np.arange(0, 256, 8)[:, None], (32, 32))[..., None]
    assert abs(corrupt(SuperResolution, ramp).astype(int) - ramp)[8:-8].max() <= 2


def test_edges():
    step = np.zeros((16, 16, 3), np.uint8)
    step[:, 8:] = 200
    a = corrupt(EdgesToPhoto, step)
    assert (a == a[..., :1]).all()
    assert (a[:, 7:9] == 0).all()
    assert (a[:, :4] == 255).all()
    assert (a[:, 12:] == 255).all()
    faint = corrupt(EdgesToPhoto, step // 10)
    slope = 20 * np.exp(-0.125) / np.sqrt(2 * np.pi)  # of a Gaussian step half a pixel away
    assert abs(faint[8, 8, 0] - 255 * (1 - slope / 40)) < 5


def test_rain():
    image = np.full((64, 64, 3), 100, np.uint8)
    a = corrupt(Deraining, image)
    assert set(np.unique(a)) == {100, 193}  # 100 + 0.6 * 155
    assert 0.04 < (a[..., 0] > 100).mean() < 0.12
    assert (a == a[..., :1]).all()
    white = np.full_like(image, 255)
    np.testing.assert_array_equal(corrupt(Deraining, white), white)


def test_noise():
    image = np.full((64, 64, 3), 128, np.uint8)
    added = corrupt(Denoising, image).astype(float) - 128
    assert abs(added.std() - 25) < 1
    assert abs(added.mean()) < 1
    assert corrupt(Denoising, np.zeros_like(image)).max() < 150


def test_rotation():
    image = Images()[0]["image"]
    quarter = SimpleNamespace(uniform=lambda low, high: high)
    turned = Rotation(Images(), degrees=90.0).corrupt(image, quarter)
    np.testing.assert_array_equal(turned, np.rot90(image))
    still = SimpleNamespace(uniform=lambda low, high: low + high)
    np.testing.assert_array_equal(Rotation(Images()).corrupt(image, still), image)
    white = np.full((33, 33, 3), 255, np.uint8)
    tilted = Rotation(Images()).corrupt(white, quarter)
    assert (tilted[0, 0] == 0).all()
    assert (tilted[8:25, 8:25] == 255).all()


@pytest.mark.parametrize("task", RANDOM + FIXED)
def test_corrupting_leaves_the_image_alone(task):
    image = Images()[0]["image"]
    image.flags.writeable = False
    corrupt(task, image)


@pytest.mark.parametrize(
    ("task", "fields"),
    [
        (Inpainting, {"hole": 0.0}),
        (Inpainting, {"hole": 1.1}),
        (SuperResolution, {"factor": 0}),
        (EdgesToPhoto, {"sigma": 0.0}),
        (Deraining, {"density": 2.0}),
        (Deraining, {"opacity": 0.0}),
        (Denoising, {"std": -1.0}),
        (Rotation, {"degrees": 0.0}),
        (Rotation, {"augment": Augment()}),
    ],
)
def test_unfit_settings(task, fields):
    with pytest.raises(ValueError, match=r"cannot|must be positive|give a `size`"):
        task(Images(), **fields)


def test_what_is_no_image():
    with pytest.raises(DataError, match=r"GaussianRing has examples float32 \[2\]"):
        Denoising(GaussianRing(num=5))[0]
    with pytest.raises(DataError, match="DigitDomains has no images"):
        Denoising(DigitDomains())[0]


@pytest.mark.parametrize("task", RANDOM + FIXED)
def test_configuration(task):
    source = task(Digits(size=32), size=16, augment=Augment(flip=False))
    assert from_json(to_json(source)) == source


def test_taken_apart():
    batch = stream(Unaligned(Denoising(Images())), 6)[0]
    images = [batch["b"][i].tobytes() for i in range(6)]
    assert sorted(images) == sorted(image["image"].tobytes() for image in Images())
    nearest = abs(batch["a"][:, None].astype(int) - batch["b"][None]).mean(axis=(2, 3, 4))
    assert not np.array_equal(nearest.argmin(axis=1), np.arange(6))

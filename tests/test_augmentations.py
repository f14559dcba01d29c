"""Flips, crops and colours on the device; `tests/support/four_devices.py` has them on four."""

import doctest

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import augmentations
from gans_jax.augmentations import Colour, Crop, Flip, augment
from gans_jax.core import example_keys

IMAGES = np.random.default_rng(0).integers(0, 256, (64, 9, 9, 3), np.uint8)


def test_half_of_the_images_are_mirrored():
    found = np.asarray(jax.jit(lambda x, k: augment(x, k, Flip()))(IMAGES, jax.random.key(0)))
    assert found.dtype == np.uint8
    kept, mirrored = ((found == x).all(axis=(1, 2, 3)) for x in (IMAGES, IMAGES[:, :, ::-1]))
    assert (kept ^ mirrored).all()
    assert 16 < kept.sum() < 48


def test_windows_come_from_everywhere_and_nowhere_else():
    found = np.asarray(augment(IMAGES, jax.random.key(0), Crop(7)))
    places = set()
    for whole, part in zip(IMAGES, found, strict=True):
        fits = [
            (top, left)
            for top in range(3)
            for left in range(3)
            if (whole[top : top + 7, left : left + 7] == part).all()
        ]
        assert len(fits) == 1
        places.add(fits[0])
    assert len(places) == 9


def test_each_colour_changes_what_it_is_named_for():
    images = IMAGES[:8]
    start = np.asarray(images, np.float64) / 127.5 - 1
    key = jax.random.key(1)
    change = lambda **most: np.asarray(augment(images, key, Colour(**none | most)), np.float64)
    none = {"brightness": 0.0, "saturation": 0.0, "contrast": 0.0}
    np.testing.assert_allclose(change(), start, atol=1e-6)
    added = change(brightness=0.1) - start
    inside = np.abs(start) < 0.9
    for one, where in zip(added, inside, strict=True):
        assert np.ptp(one[where]) < 1e-6
        assert 0 < abs(one[where][0]) <= 0.1
    small = (start - start.mean(axis=(1, 2, 3), keepdims=True)) / 4  # which no change clips
    colours = lambda **most: np.asarray(augment(jnp.float32(small), key, Colour(**none | most)))
    grey = lambda x: x.mean(axis=-1, keepdims=True)
    saturated = colours(saturation=0.5)
    np.testing.assert_allclose(grey(saturated), grey(small), atol=1e-6)
    with np.errstate(divide="ignore"):  # at a channel that is grey already
        factors = (saturated - grey(saturated)) / (small - grey(small))
    assert np.ptp(np.median(factors, axis=(1, 2, 3))) > 0.1
    contrasted = colours(contrast=0.5)
    factors = np.median(contrasted / small, axis=(1, 2, 3))
    np.testing.assert_allclose(contrasted, factors[:, None, None, None] * small, atol=1e-5)
    assert ((factors >= 0.5) & (factors <= 1.5)).all()
    assert np.abs(np.asarray(augment(images, key, Colour(3.0, 3.0, 3.0)))).max() == 1


def test_an_image_gets_the_changes_of_its_place_in_the_global_batch():
    key, changes = jax.random.key(2), (Crop(6), Flip(), Colour())
    whole = augment(IMAGES, key, *changes)
    np.testing.assert_allclose(augment(IMAGES[:16], key, *changes), whole[:16], atol=1e-6)
    seventh = example_keys(key, 8)[7]
    image = jnp.asarray(IMAGES[7])
    for change, own_key in zip(changes, jax.random.split(seventh, 3), strict=True):
        image = change(image, own_key)
    np.testing.assert_allclose(whole[7], image, atol=1e-6)


def test_what_is_refused():
    key = jax.random.key(0)
    with pytest.raises(ValueError, match=r"have the shape \[5, 64, 9, 9, 3\]: give minibatches"):
        augment(IMAGES[None].repeat(5, 0), key, Flip())
    with pytest.raises(ValueError, match="an image of 9x9 pixels has no window of 10"):
        augment(IMAGES, key, Crop(10))
    with pytest.raises(ValueError, match="size must be positive"):
        Crop(0)
    with pytest.raises(ValueError, match="contrast"):
        Colour(contrast=-1.0)


def test_the_example_in_the_documentation():
    found = doctest.testmod(augmentations)
    assert found.attempted > 3
    assert not found.failed

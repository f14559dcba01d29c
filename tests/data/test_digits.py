import hashlib

import numpy as np
import pytest

from gans_jax.data import DataError, Digits
from gans_jax.data.digits import FILE


def test_splits_hold_every_class_equally_and_share_no_image():
    train, test = Digits("train"), Digits("test")
    assert (len(train), len(test)) == (4000, 1000)
    np.testing.assert_array_equal(np.bincount(train.arrays["label"]), np.full(10, 400))
    np.testing.assert_array_equal(np.bincount(test.arrays["label"]), np.full(10, 100))
    images = np.concatenate([train.arrays["image"], test.arrays["image"]])
    assert len({image.tobytes() for image in images}) == 5000


def test_an_example():
    example = Digits()[0]
    assert example["image"].shape == (28, 28, 1)
    assert example["image"].dtype == np.uint8
    assert example["image"].max() > 200
    assert example["image"][0].max() == 0
    assert example["label"].shape == ()
    assert example["label"].dtype == np.int32


def test_size_32_is_padded_with_zeros():
    small, large = Digits()[7]["image"], Digits(size=32)[7]["image"]
    np.testing.assert_array_equal(large[2:30, 2:30], small)
    assert large.shape == (32, 32, 1)
    assert large.astype(int).sum() == small.astype(int).sum()


def test_a_changed_example_leaves_the_source_alone():
    digits = Digits()
    digits[0]["image"][:] = 99
    assert not np.array_equal(digits[0]["image"], np.full((28, 28, 1), 99))


def test_configuration_compares_without_the_loaded_arrays():
    loaded = Digits(size=32)
    len(loaded)
    assert loaded == Digits(size=32)
    assert loaded != Digits()
    assert "arrays" not in repr(loaded)


def test_unknown_split_and_size_are_refused():
    with pytest.raises(DataError, match=r"'validation'.*'train' or 'test'"):
        Digits("validation")
    with pytest.raises(DataError, match="64: choose 28 or 32"):
        Digits(size=64)


def test_documented_checksum():
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert digest in FILE.with_name("DIGITS.md").read_text()
    assert FILE.stat().st_size < 1_000_000

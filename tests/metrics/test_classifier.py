import errno
import os

import numpy as np
import pytest

from gans_jax import data
from gans_jax.core import files
from gans_jax.metrics import DigitsTraining, digits_classifier

TINY = DigitsTraining(width=2, iterations=3, batch_size=4)


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    digits_classifier.cache_clear()
    yield tmp_path / "gans_jax"
    digits_classifier.cache_clear()


def _again(training: DigitsTraining = TINY):
    digits_classifier.cache_clear()
    return digits_classifier(training)


def test_is_kept_on_disk(cache):
    first = digits_classifier(TINY)
    (path,) = cache.iterdir()
    changed = path.stat().st_mtime_ns
    assert _again() == first
    assert path.stat().st_mtime_ns == changed
    path.unlink()
    assert _again() == first, "training is not deterministic"


def test_each_configuration_has_a_file(cache):
    digits_classifier(TINY)
    digits_classifier(DigitsTraining(width=2, iterations=2, batch_size=4))
    assert len(list(cache.iterdir())) == 2


def test_a_damaged_file_is_replaced(cache):
    first = digits_classifier(TINY)
    (path,) = cache.iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert _again() == first
    with np.load(path) as file:
        leaves = dict(file)
    leaves["Dense_1/bias"][3] += 1
    np.savez(path, **leaves)
    assert _again() == first
    assert path.read_bytes() == content
    np.savez(path, **{"a": np.ones(2), "a/b": np.ones(2)})
    assert _again() == first
    assert path.read_bytes() == content


@pytest.fixture
def first(cache):
    """The classifier, which is then in no file any more."""
    found = digits_classifier(TINY)
    (path,) = cache.iterdir()
    path.unlink()
    cache.rmdir()
    return found


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "HOME"])
def test_a_folder_that_cannot_be_written_is_warned_of(first, monkeypatch, variable):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv(variable, "/dev/null")
    with pytest.warns(UserWarning, match="cannot be kept.*/dev/null") as caught:
        assert _again() == first
    assert len(caught) == 1


def test_a_full_disk_is_warned_of(first, monkeypatch, cache):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(files, "write", full)
    with pytest.warns(UserWarning, match=f"cannot be kept.*{cache}.*No space left"):
        assert _again() == first


def test_a_user_without_a_home_is_warned(first, monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for an unknown user
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="cannot be kept.*set XDG_CACHE_HOME"):
        assert _again() == first
    assert not list(tmp_path.iterdir())


def test_outputs(cache):
    classifier = digits_classifier(TINY)
    images = data.Digits(split="test").arrays["image"][::9]
    features = classifier.features(images)
    assert features.shape == (112, 64)
    assert (features >= 0).all()
    probabilities = classifier.probabilities(images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(probabilities.argmax(1), classifier.logits(images).argmax(1))
    # Floats are the nearest of 256 levels, and the borders of padded images do not count.
    np.testing.assert_array_equal(classifier.features(images / 127.5 - 1.0), features)
    padded = data.Digits(split="test", size=32).arrays["image"][::9]
    np.testing.assert_array_equal(classifier.features(padded), features)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_features_do_not_depend_on_the_batch(cache, size):
    classifier = digits_classifier(TINY)
    images = data.Digits(split="test").arrays["image"][:130:2]
    parts = [classifier.features(images[i : i + size]) for i in range(0, len(images), size)]
    np.testing.assert_array_equal(np.concatenate(parts), classifier.features(images))


def test_refuses_other_images(cache):
    with pytest.raises(ValueError, match=r"resize \(2, 64, 64, 1\)"):
        digits_classifier(TINY).features(np.zeros((2, 64, 64, 1)))


@pytest.mark.slow
def test_reaches_its_accuracy():
    assert digits_classifier().accuracy >= 0.96

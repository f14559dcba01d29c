import numpy as np
import pytest

from experiments.digits import train_classifier
from gans_jax import data
from gans_jax.metrics import digits_classifier
from gans_jax.metrics.classifier import FILE
from gans_jax.weights import read_tensors


def test_the_shipped_weights_are_the_ones_that_numbers_were_measured_with():
    classifier = digits_classifier()
    assert classifier.sha256.startswith("82454dbfb971")
    assert classifier.accuracy == 0.975


def test_outputs():
    classifier = digits_classifier()
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
def test_features_do_not_depend_on_the_batch(size):
    classifier = digits_classifier()
    images = data.Digits(split="test").arrays["image"][:130:2]
    parts = [classifier.features(images[i : i + size]) for i in range(0, len(images), size)]
    np.testing.assert_array_equal(np.concatenate(parts), classifier.features(images))


def test_refuses_other_images():
    with pytest.raises(ValueError, match=r"resize \(2, 64, 64, 1\)"):
        digits_classifier().features(np.zeros((2, 64, 64, 1)))


def test_a_classifier_that_is_trained_has_the_shipped_ones_tensors(tmp_path, monkeypatch):
    monkeypatch.setattr(train_classifier, "ITERATIONS", 2)
    train_classifier.main(tmp_path / "weights.npz", seed=0)
    made, shipped = read_tensors(tmp_path / "weights.npz"), read_tensors(FILE)
    kinds = lambda tensors: {name: (leaf.shape, leaf.dtype) for name, leaf in tensors.items()}
    assert kinds(made) == kinds(shipped)


@pytest.mark.slow
def test_another_seed_is_as_accurate(tmp_path):
    train_classifier.main(tmp_path / "weights.npz", seed=1)
    assert 0.96 <= digits_classifier(tmp_path / "weights.npz").accuracy < 1

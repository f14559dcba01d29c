import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from PIL import Image

from gans_jax.metrics import (
    FeatureNetwork,
    convert_inception,
    inception,
    load_inception,
    pretrained,
)
from gans_jax.metrics.resize import resize_clean, resize_legacy
from gans_jax.weights import WeightsError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (3, 6, 5, 3), np.uint8)


class _Means(nn.Module):
    """The mean of each channel as features, that of all as logits."""

    @nn.compact
    def __call__(self, x):
        scale = self.param("scale", nn.initializers.ones, ())
        features = scale * x.mean(axis=(1, 2))
        return features, features.sum(axis=1, keepdims=True)


def _network(resize="legacy") -> FeatureNetwork:
    return FeatureNetwork("FD-means", _Means(), 8, 128, "", resize, {"scale": jnp.ones(())})


def test_legacy_resize_by_hand():
    """From the corner, not from the middle of pixels: positions 0, 2/3 and 4/3 of 0, 1."""
    image = np.array([[0, 90], [30, 60]], np.uint8)[None, :, :, None]
    resized = resize_legacy(image, 3)[0, :, :, 0]
    np.testing.assert_allclose(resized[0], [0, 60, 90], rtol=1e-6)
    np.testing.assert_allclose(resized[1], [20, 20 + 2 / 3 * 50, 70], rtol=1e-6)
    np.testing.assert_allclose(resized[2], [30, 50, 60], rtol=1e-6)


def test_clean_resize_has_antialiasing_and_is_clipped_but_not_rounded():
    stripes = np.zeros((1, 64, 64, 1), np.uint8)
    stripes[:, :, ::2] = 255
    assert np.abs(resize_clean(stripes, 16) - 127.5).max() < 20
    assert resize_legacy(stripes, 16).min() == 255
    extremes = np.where(IMAGES < 128, 0, 255).astype(np.uint8)
    expected = Image.fromarray(extremes[0, ..., 1].astype(np.float32))
    expected = np.asarray(expected.resize((9, 9), Image.Resampling.BICUBIC))
    assert expected.min() < -5
    assert expected.max() > 260
    np.testing.assert_array_equal(resize_clean(extremes, 9)[0, ..., 1], expected.clip(0, 255))
    assert np.abs(expected - expected.round()).max() > 0.1


@pytest.mark.parametrize("size", [8, 5])
def test_resizes_keep_constant_images(size):
    images = np.full((1, 5, 7, 3), 77, np.uint8)
    for resize in (resize_legacy, resize_clean):
        np.testing.assert_allclose(resize(images, size), 77, rtol=1e-6)


@pytest.mark.parametrize("resize", ["legacy", "clean"])
def test_normalises_what_it_resizes(resize):
    network = _network(resize)
    features, logits = network(np.full((1, 6, 6, 3), 64, np.uint8))
    np.testing.assert_allclose(features, -0.5, rtol=1e-6)
    np.testing.assert_allclose(logits, -1.5, rtol=1e-6)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_batch_does_not_matter(size):
    images = RNG.integers(0, 256, (70, 6, 5, 3), np.uint8)
    network = _network()
    parts = [network(images[i : i + size])[0] for i in range(0, len(images), size)]
    np.testing.assert_array_equal(np.concatenate(parts), network(images)[0])


def test_floats_are_rounded_and_grey_is_repeated():
    network = _network()
    features = network(IMAGES)[0]
    np.testing.assert_array_equal(network(IMAGES / 127.5 - 1.0)[0], features)
    grey = network(IMAGES[..., :1])[0]
    np.testing.assert_array_equal(grey, features[:, :1].repeat(3, axis=1))
    for shape in ((3, 6, 5), (3, 6, 5, 4), (0, 6, 5, 3)):
        with pytest.raises(ValueError, match="1 or 3"):
            network(np.zeros(shape))


def test_refuses_other_weights(tmp_path):
    path = tmp_path / "weights.npz"
    with pytest.raises(WeightsError, match="cannot be read"):
        load_inception(path)
    np.savez(path, weight=np.zeros(3))
    with pytest.raises(WeightsError, match="holds another network"):
        load_inception(path)
    with pytest.raises(WeightsError, match=r"has the sha256 [0-9a-f]{64}, not 12ab"):
        load_inception(path, sha256="12ab")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(WeightsError, match="is damaged"):
        load_inception(path)


def test_converts_the_public_weights_alone(tmp_path):
    other, path = tmp_path / "other.npz", tmp_path / "weights.npz"
    np.savez(other, weight=np.zeros(3))
    with pytest.raises(WeightsError, match="does not begin with 6726825d"):
        convert_inception(other, path)
    with pytest.raises(WeightsError, match="lacks 'Conv2d_1a_3x3"):
        convert_inception(other, path, sha256_prefix="")
    assert not path.exists()


def test_inceptions_size():
    """Keras counts 23,851,784 for 1,000 classes, with three vectors for each convolution."""
    shapes = pretrained.shapes(inception.Inception(), inception.SIZE)
    sizes = [int(np.prod(layer["kernel"].shape)) for layer in shapes.values()]
    channels = sum(layer["bias"].shape[0] for name, layer in shapes.items() if name != "fc")
    assert len(shapes) == 94 + 1
    assert sum(sizes) - 2048 * 1008 + 3 * channels + 2049 * 1000 == 23_851_784

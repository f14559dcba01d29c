import itertools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax.core import Player
from gans_jax.metrics import discriminator_features, linear_svm, strongest_responses
from gans_jax.metrics.activations import activations, pool
from gans_jax.networks import DCGANDiscriminator, MLPDiscriminator
from gans_jax.networks.layers import Conv
from tests.support import tiny

KEY = jax.random.key(0)


class Judge(nn.Module):
    """Two pixel-wise layers and a last one: 3x + 1 and -3x, doubled and crossed, then a sum."""

    @nn.compact
    def __call__(self, x):
        x = nn.relu(Conv(2, 1, use_bias=True)(x))
        x = nn.relu(Conv(2, 1)(x))
        return Conv(1, x.shape[1])(x)[:, 0, 0, 0]


def judge() -> Player:
    params = {
        "Conv_0": {"kernel": [[[[3.0, -3.0]]]], "bias": [1.0, 0.0]},
        "Conv_1": {"kernel": [[[[2.0, -1.0], [1.0, 2.0]]]]},
        "Conv_2": {"kernel": np.ones((4, 4, 2, 1))},
    }
    leaf = lambda x: not isinstance(x, dict)
    return Player(jax.tree.map(jnp.float32, params, is_leaf=leaf), {}, ())


def test_activations_by_hand():
    x = jnp.array([-1.0, -0.1, 0.0, 0.5]).reshape(1, 2, 2, 1).repeat(2, 1).repeat(2, 2)
    first, second = activations(Judge(), judge(), x)
    h = np.maximum(np.stack((3 * x[..., 0] + 1, -3 * x[..., 0]), -1), 0)
    np.testing.assert_allclose(first, h, rtol=1e-6)
    crossed = np.stack((2 * h[..., 0] + h[..., 1], -h[..., 0] + 2 * h[..., 1]), -1)
    np.testing.assert_allclose(second, np.maximum(crossed, 0), rtol=1e-6)


@pytest.mark.parametrize(("side", "bounds"), [(8, [0, 2, 4, 6, 8]), (4, [0, 1, 2, 3, 4])])
def test_pooling(side, bounds):
    x = np.random.default_rng(0).normal(size=(2, side, side, 3))
    expected = np.array(
        [[x[:, a:b, c:d].max(axis=(1, 2)) for c, d in _pairs(bounds)] for a, b in _pairs(bounds)]
    )
    np.testing.assert_allclose(pool(jnp.float32(x)), expected.transpose(2, 0, 1, 3), rtol=1e-6)


def _pairs(bounds):
    return list(itertools.pairwise(bounds))


def test_parts_overlap_where_four_does_not_divide():
    x = jnp.arange(7.0)[None, :, None, None] * jnp.ones((1, 7, 7, 1))
    np.testing.assert_array_equal(pool(x)[0, :, 0, 0], [1, 3, 5, 6])  # rows 0-1, 1-3, 3-5, 5-6


@pytest.mark.slow
def test_features_of_a_discriminator():
    network = DCGANDiscriminator(features=2)
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 1), np.uint8)
    variables = network.init(KEY, jnp.zeros((1, 32, 32, 1)))
    player = Player(variables["params"], variables["batch_stats"], ())
    features = discriminator_features(network, player, images)
    assert features.shape == (5, 16 * (2 + 4 + 8))
    layers = activations(network, player, jnp.float32(images) / 127.5 - 1)
    assert [x.shape[1:] for x in layers] == [(16, 16, 2), (8, 8, 4), (4, 4, 8)]
    flat = np.concatenate([np.asarray(pool(x)).reshape(5, -1) for x in layers], axis=1)
    np.testing.assert_allclose(features, flat, rtol=1e-4, atol=1e-6)
    assert min(layer.min() for layer in layers) < 0  # leaky


def test_guided_backpropagation_by_hand():
    """At x > 0 the first hidden unit alone is on; the second output's path through it is off."""
    images = np.full((3, 4, 4, 1), -0.5, np.float32)
    images[0, 1, 2] = 0.4  # the strongest of the first feature: 2 (3 0.4 + 1) = 4.4
    images[1, 3, 3] = 0.2
    images[2, 0, 0] = -1.0  # the strongest of the second: 2 * 3 = 6
    chosen, gradients = strongest_responses(Judge(), judge(), images, features=2, count=2)
    np.testing.assert_array_equal(chosen[0], [0, 1])
    assert chosen[1, 0] == 2
    expected = np.zeros((4, 4, 1))
    expected[1, 2] = 6
    np.testing.assert_allclose(gradients[0, 0], expected, atol=1e-2)
    expected = np.zeros((4, 4, 1))
    expected[0, 0] = -6  # of what reaches the image itself negative parts stay
    np.testing.assert_allclose(gradients[1, 0], expected, atol=1e-2)


def test_guided_backpropagation_drops_negative_gradients():
    """2 relu(x + 1) - relu(x): the second path is on, but its gradient is negative."""
    params = judge().params
    params["Conv_0"] = {"kernel": jnp.ones((1, 1, 1, 2)), "bias": jnp.array([1.0, 0.0])}
    params["Conv_1"] = {"kernel": jnp.array([[[[2.0, 0.0], [-1.0, 0.0]]]])}
    images = np.full((1, 4, 4, 1), 0.5, np.float32)
    images[0, 2, 2] = 0.8
    _, gradients = strongest_responses(Judge(), Player(params, {}, ()), images, 1, 1)
    assert gradients[0, 0].max() == pytest.approx(2)  # the plain gradient is 1
    assert np.count_nonzero(gradients) == 1


def test_a_network_without_convolutions_is_refused():
    network = MLPDiscriminator((4,))
    player = Player(network.init(KEY, jnp.zeros((1, 8, 8, 1)))["params"], {}, ())
    with pytest.raises(ValueError, match="MLPDiscriminator has fewer than two convolutions"):
        discriminator_features(network, player, tiny.images(3))


def test_a_linear_svm_chooses_on_validation_and_reports_on_test():
    """Few examples, labels in part wrong, many features of noise: large weights overfit."""
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)

    def split(n, wrong):
        label = rng.integers(0, 3, n)
        signal = 2 * np.eye(3)[label] + rng.normal(size=(n, 3))
        label = np.where(rng.random(n) < wrong, (label + 1) % 3, label)
        x = np.concatenate((signal, rng.normal(size=(n, 40)), np.ones((n, 1))), axis=1)
        return 100 * x, label

    train, validation, test = split(100, 0.2), split(500, 0.0), split(500, 0.3)
    scores = linear_svm(train, validation, test, weights=(100.0, 1e-3))
    assert scores.weight == 1e-3
    worse = linear_svm(train, validation, test, weights=(100.0,))
    assert worse.validation < scores.validation - 0.05
    assert scores.test == pytest.approx(0.7 * scores.validation, abs=0.1)
    assert linear_svm(train, validation, test, weights=(1e-8, 1e-9)).weight == 1e-9  # equals

"""Shapes, exact parameter counts and the papers' guidelines."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import losses, networks
from gans_jax.networks.layers import Conv, normalize
from tests.support import tiny

KEY = jax.random.key(0)


def variables(network, *shape):
    return jax.eval_shape(network.init, KEY, jnp.zeros((2, *shape)))


def count(network, *shape):
    return sum(leaf.size for leaf in jax.tree.leaves(variables(network, *shape)["params"]))


def output(network, *shape):
    return jax.eval_shape(lambda x: network.init_with_output(KEY, x)[0], jnp.zeros((2, *shape)))


COUNTS = [
    (networks.DCGANGenerator(), (100,), 3_576_704),
    (networks.DCGANGenerator(channels=1), (100,), 3_574_656),
    (networks.DCGANGenerator(features=128, lineage="paper"), (100,), 18_872_323),
    (networks.DCGANDiscriminator(), (64, 64, 3), 2_765_568),
    (networks.DCGANDiscriminator(), (64, 64, 1), 2_763_520),
    # 5x5 kernels 3 -> 128 -> 256 -> 512 -> 1024 and 4x4x1024 -> 1, with biases; three norms
    (
        networks.DCGANDiscriminator(features=128, lineage="paper"),
        (64, 64, 3),
        25 * (3 * 128 + 128 * 256 + 256 * 512 + 512 * 1024) + 1920 + 16 * 1024 + 1 + 2 * 1792,
    ),
    # 100*512 + 2*512*512 + 512*784 weights and their biases
    (networks.MLPGenerator((28, 28, 1)), (100,), 979_216),
    (networks.MLPDiscriminator(), (28, 28, 1), 927_745),
    # dense 128 -> 2048; three blocks of norm, 3x3, norm, 3x3, 1x1; norm; 3x3 to RGB
    (
        networks.ResidualGenerator32(),
        (128,),
        129 * 2048 + 3 * (2 * 256 + 2 * (9 * 128 + 1) * 128 + 129 * 128) + 256 + (9 * 128 + 1) * 3,
    ),
    (
        networks.ResidualCritic32(),
        (32, 32, 3),
        (27 + 1) * 128 + (9 * 128 + 1) * 128 + 4 * 128  # first block, 1x1 from RGB
        + 3 * 2 * (9 * 128 + 1) * 128 + 129 * 128  # three blocks, one of which halves the side
        + 129,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("network", "shape", "expected"), COUNTS, ids=lambda value: type(value).__name__
)
def test_parameter_counts(network, shape, expected):
    assert count(network, *shape) == expected


@pytest.mark.parametrize("size", [28, 32, 48, 64, 128])
@pytest.mark.parametrize("lineage", ["torch", "paper"])
def test_dcgan_makes_and_judges_each_size(size, lineage):
    generator = networks.DCGANGenerator(size, channels=1, features=2, lineage=lineage)
    made = output(generator, 10)
    assert (made.shape, made.dtype) == ((2, size, size, 1), jnp.float32)
    assert output(networks.DCGANDiscriminator(2), *made.shape[1:]).shape == (2,)


@pytest.mark.parametrize("size", [1, 8, 30, 33])
def test_a_size_that_no_dcgan_makes(size):
    if size == 8:  # the smallest that works
        assert output(networks.DCGANGenerator(8, features=2), 10).shape == (2, 8, 8, 3)
        return
    with pytest.raises(ValueError, match=f"images of size {size}.*28, 32"):
        output(networks.DCGANGenerator(size), 10)


def test_dcgan_guidelines():
    generator = variables(networks.DCGANGenerator(), 100)["params"]
    discriminator = variables(networks.DCGANDiscriminator(), 64, 64, 3)["params"]
    # Batch norm everywhere but at the generator's output and the discriminator's input and output.
    names = lambda params: [name.split("_")[0] for name in params]
    assert names(generator).count("BatchNorm") == names(generator).count("ConvTranspose") - 1
    assert names(discriminator).count("BatchNorm") == names(discriminator).count("Conv") - 2
    assert "Dense" not in names(generator) + names(discriminator)
    assert not any("bias" in layer for name, layer in generator.items() if "Conv" in name)


@pytest.mark.parametrize("norm", ["none", "layer"])
def test_without_batch_norm_there_are_no_statistics(norm):
    generator = variables(networks.DCGANGenerator(features=2, norm=norm), 10)
    discriminator = variables(networks.DCGANDiscriminator(2, norm=norm), 64, 64, 3)
    assert "batch_stats" not in generator
    assert "batch_stats" not in discriminator


def test_initial_weights_are_dcgans():
    init = lambda network, *shape: tiny.jit(network.init)(KEY, jnp.zeros(shape))["params"]
    params = init(Conv(256, 4, use_bias=True), 1, 8, 8, 64)
    assert abs(params["kernel"].std() - 0.02) < 2e-4
    assert abs(params["kernel"]).max() > 3 * 0.02  # not truncated, not uniform
    assert (params["bias"] == 0).all()
    scale = init(networks.DCGANDiscriminator(64), 1, 64, 64, 1)["BatchNorm_2"]["scale"]
    assert abs(scale.mean() - 1) < 5e-3
    assert abs(scale.std() - 0.02) < 5e-3


@pytest.mark.slow
def test_bfloat16_computes_in_bfloat16_and_keeps_parameters_in_float32():
    x = jnp.ones((2, 16, 16, 1))
    network = networks.DCGANDiscriminator(4, dtype="bfloat16")
    variables = network.init(KEY, x)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    assert network.apply(variables, x).dtype == jnp.bfloat16
    generator = networks.DCGANGenerator(16, features=4, dtype="bfloat16")
    assert output(generator, 10).dtype == jnp.float32


def test_leaky_slope():
    assert networks.layers.leaky_relu(jnp.array([-10.0, 10.0])).tolist() == [-2.0, 10.0]


def test_slopes_at_exactly_zero_are_pytorchs():
    slope = lambda function: float(jax.grad(function)(0.0))
    assert slope(networks.layers.leaky_relu) == pytest.approx(0.2)
    assert slope(lambda x: losses.l1(x, jnp.zeros(()))) == 0
    assert slope(lambda x: losses.Hinge().real(1 + x)) == 0
    assert slope(lambda x: losses.Hinge().fake(x - 1)) == 0


def test_layer_norm_is_over_an_example_with_a_scale_per_channel():
    class Normed(networks.layers.nn.Module):
        @networks.layers.nn.compact
        def __call__(self, x):
            return normalize(x, "layer", True, "float32")

    x = 5 + 3 * jax.random.normal(KEY, (2, 4, 4, 3))
    y, variables = Normed().init_with_output(KEY, x)
    np.testing.assert_allclose(y.mean(axis=(1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=(1, 2, 3)), 1, rtol=1e-3)
    assert variables["params"]["LayerNorm_0"]["scale"].shape == (3,)


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_norms_are_accurate_at_ordinary_means(norm):
    class Normed(networks.layers.nn.Module):
        @networks.layers.nn.compact
        def __call__(self, x):
            return normalize(x, norm, True, "float32")

    x = 10 + np.random.default_rng(0).normal(size=(16, 8, 8, 3))
    y, variables = Normed().init_with_output(KEY, jnp.float32(x))
    axes = (0, 1, 2) if norm == "batch" else (1, 2, 3)
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    scale = next(iter(variables["params"].values()))["scale"]
    expected = scale * (x - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(y, expected, rtol=2e-4, atol=2e-5)


def test_mlp_outputs():
    z = jnp.full((2, 5), 100.0)
    bounded = networks.MLPGenerator((4, 4, 1), (8,)).init_with_output(KEY, z)[0]
    linear = networks.MLPGenerator((2,), (8,), output="linear").init_with_output(KEY, z)[0]
    assert abs(bounded).max() <= 1 < abs(linear).max()


def test_maxout_takes_the_largest_of_five_pieces():
    network = networks.MLPDiscriminator((3,), activation="maxout")
    x = jax.random.normal(KEY, (2, 4))
    logits, variables = network.init_with_output(KEY, x)
    hidden, last = variables["params"]["Dense_0"], variables["params"]["Dense_1"]
    pieces = (x @ hidden["kernel"] + hidden["bias"]).reshape(2, 3, 5).max(axis=-1)
    np.testing.assert_allclose(logits, (pieces @ last["kernel"] + last["bias"])[:, 0], rtol=1e-5)


def test_fourier_features_are_sines_and_cosines_of_fixed_frequencies():
    class Identity(nn.Module):
        def __call__(self, x, train):
            return x

    def features(x, std):
        found = networks.FourierFeatures(Identity(), 5000, std).apply({}, x)
        assert found.shape == (3, 10_003)
        return found[:, :3], found[:, 3:5003], found[:, 5003:]

    x = jax.random.normal(KEY, (3, 3, 1))
    same, sin, cos = features(x, 0.5)
    np.testing.assert_array_equal(same, x[..., 0])
    np.testing.assert_allclose(sin**2 + cos**2, 1, atol=1e-5)
    _, sin_twice, _ = features(2 * x, 0.5)
    np.testing.assert_allclose(sin_twice, 2 * sin * cos, atol=1e-5)
    np.testing.assert_allclose(features(x, 1.0)[1], sin_twice, atol=1e-5)
    _, small, _ = features(1e-3 * jnp.eye(3)[..., None], 0.5)
    np.testing.assert_allclose(small.std(axis=1), 0.5e-3, rtol=0.05)
    with jax.default_prng_impl("rbg"):  # common on TPU
        np.testing.assert_array_equal(features(x, 0.5)[1], sin)

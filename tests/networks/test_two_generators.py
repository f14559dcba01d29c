"""Modules that translate in both directions: what their directions share."""

import functools

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax.networks import ResNetGenerator, SharedEncoderTranslator, TwoGenerators, UNetGenerator
from gans_jax.networks.layers import ResizeConv
from tests.support import tiny
from tests.support.networks import KEY, count, filled, images, shapes


def test_two_generators_are_independent_even_if_given_as_one():
    generator = nn.Sequential([ResNetGenerator(1, 2, 1)])
    network, a, b = TwoGenerators(generator, generator), images(1, 8, 8, 1), images(1, 8, 8, 1)
    variables = tiny.jit(network.init)(KEY, a, b)
    one, other = variables["params"]["ab"], variables["params"]["ba"]
    chex.assert_trees_all_equal_shapes(one, other)
    with pytest.raises(AssertionError):
        chex.assert_trees_all_equal(one, other)

    @tiny.jit
    def run(params, a, b):
        alone = [generator.apply({"params": params[name]}, x) for name, x in (("ab", a), ("ba", b))]
        one_way = [
            network.apply({"params": params}, x, method=method)
            for method, x in (("a_to_b", a), ("b_to_a", b))
        ]
        return network.apply({"params": params}, a, b), alone, one_way

    together, alone, one_way = run(variables["params"], a, images(1, 8, 8, 1, seed=1))
    chex.assert_trees_all_close(list(together), alone, one_way, rtol=1e-7, atol=1e-7)
    assert (abs(together[0] - together[1]) > 1e-5).any()


def test_two_generators_pass_train_to_those_that_take_it():
    network = TwoGenerators(UNetGenerator(4, 1, 1), ResizeConv(2))
    a, b = images(2, 4, 4, 2, seed=1), images(2, 4, 4, 1, seed=2)
    variables = tiny.jit(network.init)(KEY, a, b)
    assert variables["batch_stats"].keys() == {"ab"}
    run = tiny.jit(functools.partial(network.apply, train=True, mutable=["batch_stats"]))
    outputs, updated = run(variables, a, b)
    assert (outputs[0].shape, outputs[1].shape) == ((2, 4, 4, 1), (2, 8, 8, 2))
    mean = updated["batch_stats"]["ab"]["BatchNorm_0"]["mean"]
    assert (mean != variables["batch_stats"]["ab"]["BatchNorm_0"]["mean"]).any()


def test_reflected_borders_keep_a_constant_image_constant():
    x = jnp.full((1, 16, 16, 1), 0.5)
    varied = []
    for borders in ("zeros", "reflected"):
        network = SharedEncoderTranslator(1, 2, 1, 1, "none", borders=borders)
        variables = filled(network, x, x)
        code = network.apply(variables, x, method=lambda network, x: network.encoder(x))
        assert code.shape == (1, 4, 4, 8)
        varied.append(float(jnp.ptp(code, axis=(1, 2)).max()))
    assert varied[0] > 1e-3 > 1e-6 > varied[1]


def test_the_reports_translator_has_a_fifth_of_the_parameters():
    """Of two generators of 64 features: 5.3 times fewer, counted in its public code."""
    images = [(1, 128, 128, 3)] * 2
    report = shapes(SharedEncoderTranslator(features=32, borders="reflected"), *images)["params"]
    generator = ResNetGenerator(blocks=6)
    plain = shapes(TwoGenerators(generator, generator), *images)["params"]
    assert round(count(plain) / count(report), 1) == 5.3


def test_the_shared_encoder_is_half_of_the_generators():
    params = shapes(SharedEncoderTranslator(), *[(1, 128, 128, 3)] * 2)["params"]
    assert params.keys() == {"encoder", "decoder_a", "decoder_b"}
    generator = shapes(ResNetGenerator(blocks=6), (1, 128, 128, 3))["params"]
    for decoder in ("decoder_a", "decoder_b"):
        assert count(params["encoder"]) + count(params[decoder]) == count(generator)


@pytest.mark.slow
def test_the_shared_encoder_serves_both_directions():
    network, x = SharedEncoderTranslator(1, 2, 1, 1), images(1, 8, 8, 1)
    variables = filled(network, x, x)
    fake_b, fake_a = tiny.jit(network.apply)(variables, x, x)

    @functools.partial(tiny.jit, static_argnums=1)
    def gradient(params, method):
        def loss(params):
            y = network.apply({"params": params}, x, method=method)
            return (y * images(1, 8, 8, 1, seed=3)).sum(), y

        return jax.grad(loss, has_aux=True)(params)

    for method, decoder, expected in (
        ("a_to_b", "decoder_b", fake_b),
        ("b_to_a", "decoder_a", fake_a),
    ):
        gradients, y = gradient(variables["params"], method)
        np.testing.assert_allclose(y, expected, atol=1e-5)
        reached = {
            name for name, part in gradients.items() if any(map(jnp.any, jax.tree.leaves(part)))
        }
        assert reached == {"encoder", decoder}

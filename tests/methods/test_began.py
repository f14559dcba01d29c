"""BEGAN against its formulas, and its networks against the counts of their parameters."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import BEGAN, core, priors
from gans_jax.networks import BEGANDiscriminator, BEGANGenerator, EncoderDecoder
from tests.support import tiny

KEY = jax.random.key(0)
METHOD = BEGAN(
    tiny.Generator(),
    EncoderDecoder(tiny.Encoder(), tiny.Generator()),
    prior=priors.Uniform(8),
    lambda_k=0.1,
)


def count(network, *shape):
    params = jax.eval_shape(network.init, KEY, jax.ShapeDtypeStruct(shape, "f4"))["params"]
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize(
    ("size", "generator", "discriminator"),
    [
        (32, 1_421_443, 7_128_643),
        (64, 1_716_611, 13_405_379),
        (128, 2_011_779, 23_221_443),
    ],
)
def test_parameter_counts(size, generator, discriminator):
    assert count(BEGANGenerator(size), 1, 64) == generator
    assert count(BEGANDiscriminator(), 1, size, size, 3) == discriminator


def test_a_size_that_eight_does_not_double_to_is_refused():
    for size in (8, 28, 40):
        with pytest.raises(ValueError, match=f"cannot make images of size {size}"):
            count(BEGANGenerator(size), 1, 64)


@pytest.fixture(scope="module")
def players():
    state = tiny.jit(METHOD.init)(KEY, {"image": tiny.images(4)})
    return state, np.float32(tiny.images(4)) / 127.5 - 1, METHOD.prior(KEY, 4)


def test_the_losses_in_numpy(players):
    state, real, z = players
    generator_key, discriminator_key = jax.random.split(KEY)
    fake = core.Passes(METHOD.generator, state.generator, generator_key)(z)
    key, first = jax.random.split(discriminator_key)
    second = jax.random.split(key)[1]

    def error(v, key):
        made, _ = core.apply(METHOD.discriminator, state.discriminator, v, train=True, key=key)
        return np.abs(np.float64(v) - made).mean()

    loss, (_, metrics, _) = METHOD.discriminator_loss(*state[2:0:-1], real, z, KEY, 0.25)
    expected = error(real, first), error(fake, second)
    np.testing.assert_allclose(loss, expected[0] - 0.25 * expected[1], rtol=1e-5)
    np.testing.assert_allclose(metrics["reconstruction_real"], expected[0], rtol=1e-5)
    np.testing.assert_allclose(metrics["reconstruction_fake"], expected[1], rtol=1e-5)
    loss, _ = METHOD.generator_loss(*state[1:3], z, KEY)
    np.testing.assert_allclose(loss, error(fake, first), rtol=1e-5)


def test_k_is_a_proportional_control_in_0_to_1(players):
    state, _, _ = players
    step, batch = tiny.jit(METHOD.step), {"image": tiny.images(4)}
    assert float(state.k) == 0
    for start in (0.0, 0.5, 1.0):
        after, metrics = step(state._replace(k=jnp.float32(start)), batch, KEY)
        on_real, on_fake = metrics["reconstruction_real"], metrics["generator_loss"]
        balance = 0.5 * on_real - on_fake
        expected = np.clip(start + 0.1 * balance, 0, 1)
        np.testing.assert_allclose(after.k, expected, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(metrics["convergence"], on_real + abs(balance), rtol=1e-5)
        assert metrics["k"] == after.k
    at_once = dataclasses.replace(METHOD, lambda_k=1e3)
    after, metrics = tiny.jit(at_once.step)(state._replace(k=jnp.float32(0.5)), batch, KEY)
    balance = 0.5 * metrics["reconstruction_real"] - metrics["generator_loss"]
    assert abs(balance) > 1e-2
    assert float(after.k) == (balance > 0)


def test_a_discriminator_of_logits_is_refused():
    method = BEGAN(tiny.Generator(), tiny.Discriminator(), prior=priors.Uniform(8))
    with pytest.raises(ValueError, match="BEGAN's discriminator is an auto-encoder"):
        jax.eval_shape(method.init, KEY, {"image": tiny.images(4)})

"""The terms that a smooth generator adds to WGAN-GP."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import WGANGP, SmoothGAN, priors
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from tests.support import tiny

KEY = jax.random.key(0)
SCALES, VALUES = np.array([3.0, 4.0]), np.array([1.0, 2.0])


class Scaled(nn.Module):
    """Pixels 3 z_1 and 4 z_2, or their tanh: of its Jacobian the signs do not matter."""

    bounded: bool = False

    @nn.compact
    def __call__(self, z):
        x = z * self.param("scales", lambda key: jnp.array(SCALES, "float32"))
        return jnp.tanh(x) if self.bounded else x


class Valued(nn.Module):
    """x_1 + 2 x_2."""

    @nn.compact
    def __call__(self, x):
        return x @ self.param("values", lambda key: jnp.array(VALUES, "float32"))


def losses(generator, critic, z, weights):
    method = SmoothGAN(
        generator,
        critic,
        prior=priors.Normal(z.shape[1]),
        generator_weight=weights[0],
        critic_weight=weights[1],
    )
    made = jax.eval_shape(lambda z: generator.init_with_output(KEY, z)[0], z)
    state = tiny.jit(method.init)(KEY, {"image": np.zeros((1, *made.shape), "float32")})
    loss, (_, metrics, _) = tiny.jit(method.generator_loss)(state.generator, state.critic, z, KEY)
    fields = [f.name for f in dataclasses.fields(WGANGP)]
    base = WGANGP(**{name: getattr(method, name) for name in fields})
    return loss - base.generator_loss(state.generator, state.critic, z, KEY)[0], metrics


def test_numbers_by_hand():
    """(3^2 + 4^2) / 2 pixels, and the slope (3, 8) of 3 z_1 + 8 z_2."""
    z = jax.random.normal(KEY, (3, 2))
    added, metrics = losses(Scaled(), Valued(), z, (0.5, 0.1))
    np.testing.assert_allclose(metrics["generator_slope"], 12.5, rtol=1e-6)
    np.testing.assert_allclose(metrics["critic_slope"], 73, rtol=1e-6)
    np.testing.assert_allclose(added, 0.5 * 12.5 + 0.1 * 73, rtol=1e-5)


def test_numbers_by_numpy():
    z = np.random.default_rng(0).normal(size=(5, 2)) / 4
    slopes = SCALES * (1 - np.tanh(SCALES * z) ** 2)
    added, metrics = losses(Scaled(bounded=True), Valued(), np.float32(z), (2.0, 3.0))
    of_generator, of_critic = (slopes**2).mean(), ((slopes * VALUES) ** 2).sum(axis=1).mean()
    np.testing.assert_allclose(metrics["generator_slope"], of_generator, rtol=1e-5)
    np.testing.assert_allclose(metrics["critic_slope"], of_critic, rtol=1e-5)
    np.testing.assert_allclose(added, 2 * of_generator + 3 * of_critic, rtol=1e-5)


@pytest.mark.slow
def test_the_estimate_of_the_jacobians_norm_is_unbiased():
    generator = MLPGenerator((4, 4, 1), (8,))
    z = jnp.tile(jax.random.normal(KEY, (1, 3)), (4000, 1))
    _, metrics = losses(generator, MLPDiscriminator((4,)), z, (1.0, 1.0))
    params = generator.init(jax.random.split(KEY, 3)[0], z[:1])  # as `create_pair` makes them
    jacobian = jax.jacrev(lambda z: generator.apply(params, z[None]).ravel())(z[0])
    np.testing.assert_allclose(metrics["generator_slope"], (jacobian**2).sum() / 16, rtol=0.05)


def test_gradients_are_finite_where_the_generator_is_flat():
    class Flat(nn.Module):
        @nn.compact
        def __call__(self, z):
            return jnp.zeros_like(z) * self.param("scale", nn.initializers.ones, ())

    method = SmoothGAN(
        Flat(), Valued(), prior=priors.Normal(2), generator_weight=1.0, critic_weight=1.0
    )
    state = tiny.jit(method.init)(KEY, {"image": np.zeros((1, 4, 2), "float32")})
    batch = {"image": np.ones((5, 4, 2), "float32")}
    _, metrics = tiny.jit(method.step)(state, batch, KEY)
    assert metrics["generator_slope"] == metrics["critic_slope"] == 0
    assert np.isfinite(metrics["generator_gradient_norm"])


def test_weights_must_be_stated_and_not_negative():
    with pytest.raises(TypeError, match="generator_weight"):
        SmoothGAN(Scaled(), Valued(), critic_weight=1.0)
    for name in ("generator_weight", "critic_weight"):
        weights = {"generator_weight": 1.0, "critic_weight": 1.0, name: -1.0}
        with pytest.raises(ValueError, match=f"{name} must be 0 or more, but is -1"):
            SmoothGAN(Scaled(), Valued(), **weights)

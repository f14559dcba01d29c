import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import GAN, WGANGP, core, networks, parallel, penalties, priors
from gans_jax.core import Player
from tests.support import tiny

KEY = jax.random.key(0)


class Linear(nn.Module):
    """w . x over all axes of an example, so that its slope is |w| everywhere."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(1, use_bias=False)(x.reshape(x.shape[0], -1))


def test_a_linear_critic_is_penalised_by_its_own_norm():
    real, fake = jax.random.normal(KEY, (2, 5, 4, 4, 3))
    variables = Linear().init(KEY, real)
    critic = Player(variables["params"], {}, ())
    norm = jnp.linalg.norm(variables["params"]["Dense_0"]["kernel"])
    value = penalties.GradientPenalty(10.0)(Linear(), critic, real, fake, KEY)
    np.testing.assert_allclose(value, 10 * (norm - 1) ** 2, rtol=1e-5)


class Quadratic(nn.Module):
    """|x|^2 / 2, whose gradient is x."""

    def __call__(self, x):
        return jnp.sum(x**2, axis=(1, 2)) / 2


def test_r1_and_r2_are_half_the_squared_slope_at_real_and_at_fake_examples():
    real, fake = jnp.array([[[3.0, 4.0]], [[0.0, 1.0]]]), jnp.array([[[2.0, 0.0]], [[0.0, 0.0]]])
    value = lambda penalty: penalty(Quadratic(), Player({}, {}, ()), real, fake, KEY)
    np.testing.assert_allclose(value(penalties.R1(10.0)), 5 * (25 + 1) / 2)
    np.testing.assert_allclose(value(penalties.R2(4.0)), 2 * (4 + 0) / 2)
    both = penalties.Sum((penalties.R1(10.0), penalties.R2(4.0)))
    np.testing.assert_allclose(value(both), 65 + 4)


def test_dragan_looks_around_real_examples_as_far_as_they_are_spread():
    """All values deviate by 3 from 2, so that points are up to 1.5 above; the slope is root 200."""
    real, seen = jnp.full((64, 10, 20), -1.0).at[::2].set(5.0), []

    def critic(x):
        jax.debug.callback(lambda x: seen.append(np.array(x)), x)
        return jnp.sum(x, axis=(1, 2))

    value = penalties.DRAGAN(10.0, 0.5).term(critic, real, jnp.zeros_like(real), KEY)
    np.testing.assert_allclose(value, 10 * (np.sqrt(200) - 1) ** 2, rtol=1e-5)
    jax.effects_barrier()
    steps = seen[0] - np.asarray(real)
    assert -1e-6 <= steps.min() < 0.01
    assert 1.4 < steps.max() <= 1.5 + 1e-6
    largest = steps.max(axis=(1, 2))  # of an example, which has its own factor in [0, 1]
    assert largest.min() < 0.15
    assert np.std(largest) > 0.3


def test_dragan_takes_the_deviation_of_the_global_batch():
    real = 3 * jax.random.normal(KEY, (4, 2, 2))
    critic = lambda x: jnp.sum(x**2, axis=(1, 2)) / 2
    run = lambda x: penalties.DRAGAN().term(critic, x, x, KEY)
    shards = tiny.jit(jax.vmap(run, axis_name="data"))(real.reshape(2, 2, 2, 2))
    np.testing.assert_allclose(shards.mean(), tiny.jit(run)(real), rtol=1e-5)


class Spectral(nn.Module):
    """A critic of which flax keeps singular vectors among the batch statistics."""

    @nn.compact
    def __call__(self, x, train=False):
        return nn.SpectralNorm(nn.Dense(1))(x.reshape(x.shape[0], -1), update_stats=train)


@pytest.mark.parametrize("method", [GAN, WGANGP])
def test_a_penalty_refuses_a_critic_that_compares_examples(method):
    critic = networks.Augmented(networks.DCGANDiscriminator(2, "none", minibatch_std=True))
    method = method(tiny.Generator(), critic, penalty=penalties.R1())
    with pytest.raises(ValueError, match="judges each example by itself, but Augmented couples"):
        jax.eval_shape(method.init, KEY, {"image": np.ones((5, 4, 8, 8, 1), "f4")})


@pytest.mark.parametrize(
    ("changes", "coupled"),
    [
        ({}, False),
        ({"penalty": penalties.R1()}, False),
        ({"penalty": penalties.Sum((penalties.R1(), penalties.DRAGAN()))}, True),
        ({"discriminator": networks.DCGANDiscriminator(2, minibatch_std=True)}, True),
    ],
)
def test_what_couples_examples_is_not_taken_apart(changes, coupled):
    method = GAN(**{"generator": tiny.Generator(), "discriminator": tiny.Discriminator()} | changes)
    assert method.couples_examples == coupled
    if coupled:
        with pytest.raises(ValueError, match="couple the examples of a batch"):
            parallel.accumulate(method, 2)


def test_spectral_norm_is_no_batch_norm():
    method = WGANGP(tiny.Generator(), Spectral(), priors.Normal(4), n_critic=1)
    batch = {"image": np.ones((1, 4, 8, 8, 1), "f4")}
    state = tiny.jit(method.init)(KEY, batch)
    after, _ = tiny.jit(method.step)(state, batch, KEY)
    vectors = (each.critic.batch_stats for each in (state, after))
    assert any(jax.tree.leaves(jax.tree.map(lambda a, b: (a != b).any(), *vectors)))


def test_slopes_run_over_all_axes_of_an_example():
    x = jax.random.normal(KEY, (3, 4, 4, 2))
    quadratic = lambda x: 0.5 * jnp.sum(x**2, axis=(1, 2, 3))
    expected = np.linalg.norm(np.asarray(x).reshape(3, -1), axis=1)
    np.testing.assert_allclose(penalties.slopes(quadratic, x), expected, rtol=1e-6)


def test_gradients_are_finite_where_the_slope_is_zero():
    x = jnp.ones((2, 3))

    def penalty(w):
        return jnp.mean((penalties.slopes(lambda x: w * jnp.sum(0 * x, axis=1), x) - 1) ** 2)

    assert penalty(1.0) == 1
    assert jax.grad(penalty)(1.0) == 0
    assert (jax.jacobian(penalties.safe_norm)(jnp.zeros((2, 3))) == 0).all()


def test_points_lie_on_their_own_lines():
    real, fake = jnp.zeros((64, 2)), jnp.ones((64, 2)) * jnp.array([1.0, 2.0])
    points = penalties.between(real, fake, KEY)
    u = points[:, 0]
    np.testing.assert_allclose(points[:, 1], 2 * u, rtol=1e-6)
    assert len(np.unique(u)) == 64
    assert 0 <= u.min() < 0.1 < 0.9 < u.max() < 1


def test_clipping_reaches_every_leaf_and_nothing_within():
    params = {"kernel": jnp.array([-3.0, 0.005, 3.0]), "norm": {"scale": jnp.ones(2)}}
    clipped = penalties.clip_weights(params, 0.01)
    np.testing.assert_allclose(clipped["kernel"], [-0.01, 0.005, 0.01])
    np.testing.assert_allclose(clipped["norm"]["scale"], [0.01, 0.01])


def test_several_logits_per_example_are_refused():
    with pytest.raises(ValueError, match=r"one logit per example.*\(2, 3\)"):
        core.per_example(jnp.zeros((2, 3)))
    assert core.per_example(jnp.zeros((2, 1))).shape == (2,)
    assert core.per_example(jnp.zeros((2, 1, 1, 1))).shape == (2,)

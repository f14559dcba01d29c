"""Coulomb GAN against its formulas, and the motion that they make."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gans_jax import CoulombGAN, core, data, priors, schedules
from gans_jax.core import kernels
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from gans_jax.pictures.potential_field import draw_field, potential_field
from tests.support import tiny

KEY = jax.random.key(0)


def test_the_potential_by_hand():
    at, real, fake = np.array([[0.0]]), np.array([[0.0], [3.0]]), np.array([[np.sqrt(3.0)]])
    # Kernels 1 / 1, 1 / sqrt(10) and 1 / 2 with d = 1; 1, 1 / 10 and 1 / 4 with d = 2.
    value = kernels.potential(at, real, fake)
    np.testing.assert_allclose(value, [(1 + 10**-0.5) / 2 - 1 / 2], rtol=1e-6)
    value = kernels.potential(at, real, fake, d=2.0)
    np.testing.assert_allclose(value, [(1 + 1 / 10) / 2 - 1 / 4], rtol=1e-6)
    value = kernels.potential(at, real, fake, d=2.0, epsilon=2.0)
    np.testing.assert_allclose(value, [(1 / 4 + 1 / 13) / 2 - 1 / 7], rtol=1e-6)


def authors_potential(at, generated, real, dimension, epsilon):
    """As the authors' code has it: generated minus real, with exponent d - 2."""

    def plummer(a, b):
        squared = ((a[:, None] - b[None]) ** 2).sum(-1)
        return 1 / (squared + epsilon**2) ** ((dimension - 2) / 2)

    return plummer(generated, at).mean(0) - plummer(real, at).mean(0)


@pytest.mark.parametrize(("dimension", "epsilon"), [(3, 1.0), (4, 0.5)])
def test_the_potential_is_the_authors_with_the_other_sign(dimension, epsilon):
    at, real, fake = np.random.default_rng(0).normal(size=(3, 5, 7))
    value = kernels.potential(*np.float32([at, real, fake]), dimension - 2, epsilon)
    expected = -authors_potential(at, fake, real, dimension, epsilon)
    np.testing.assert_allclose(value, expected, atol=1e-5)


NETWORKS = MLPGenerator((2,), (16,), output="linear"), MLPDiscriminator((16,))
METHOD = CoulombGAN(*NETWORKS, prior=priors.Normal(4))


@pytest.fixture(scope="module")
def players():
    real = np.random.default_rng(1).normal(size=(6, 2)).astype("f4")
    state = tiny.jit(METHOD.init)(KEY, {"image": real})
    return state, real, METHOD.prior(KEY, 6)


def test_the_losses_in_numpy(players):
    state, real, z = players
    run = lambda player, network, x: np.float64(core.apply(network, player, x)[0])
    fake = run(state.generator, NETWORKS[0], z)
    on_real, on_fake = (run(state.discriminator, NETWORKS[1], x) for x in (real, fake))
    phi = lambda x: -authors_potential(x, fake, real, 3, 1.0)
    errors = (on_fake - phi(fake)) ** 2, (on_real - phi(real)) ** 2
    loss, (_, metrics, _) = METHOD.discriminator_loss(*state[:0:-1], real, z, KEY)
    np.testing.assert_allclose(loss, np.mean(errors), rtol=1e-5)
    np.testing.assert_allclose(metrics["potential_fake"], phi(fake).mean(), atol=1e-5)
    loss, _ = METHOD.generator_loss(*state[1:], z, KEY)
    np.testing.assert_allclose(loss, -on_fake.mean() / 2, rtol=1e-5)


def mirrored(discriminator):
    """The discriminator whose logits are those of the other, but for the sign."""
    params = dict(discriminator.params)
    last = max(params)
    params[last] = jax.tree.map(jnp.negative, params[last])
    return discriminator._replace(params=params)


def test_the_authors_sign_gives_the_same_updates(players):
    """Their discriminator learns -Phi, and their generator descends it; their losses are twice."""
    state, real, z = players

    def authors(discriminator, generator):
        fake, _ = core.apply(NETWORKS[0], generator, z)
        fixed = jax.lax.stop_gradient(fake)
        squared, on = 0, functools.partial(core.apply, NETWORKS[1], discriminator)
        for x in (fixed, real):
            squared += jnp.mean((authors_potential(x, fixed, real, 3, 1.0) - on(x)[0]) ** 2)
        return squared, jnp.mean(on(fake)[0])

    def gradient(loss, player):
        return tiny.jit(jax.grad(lambda params: loss(player._replace(params=params))))(
            player.params
        )

    ours = (
        gradient(lambda d: METHOD.discriminator_loss(d, state[1], real, z, KEY)[0], state[2]),
        gradient(lambda g: METHOD.generator_loss(g, state[2], z, KEY)[0], state[1]),
    )
    other = mirrored(state.discriminator)
    theirs = (
        mirrored(other._replace(params=gradient(lambda d: authors(d, state[1])[0], other))).params,
        gradient(lambda g: authors(other, g)[1], state[1]),
    )
    tiny.assert_close(jax.tree.map(lambda leaf: leaf / 2, theirs), ours, 1e-5)
    assert all(optax.tree.norm(tree) > 1e-4 for tree in ours)


def test_both_players_move_against_the_old_weights_of_the_other(players):
    state, real, _ = players
    method = CoulombGAN(*NETWORKS, prior=METHOD.prior, optimizer=optax.sgd, learning_rate=1.0)
    after, _ = tiny.jit(method.step)(state, {"image": real}, KEY)
    z_key, key = jax.random.split(KEY)
    z = method.prior(z_key, 6)

    def loss(params):
        moved = state.generator._replace(params=params)
        return method.generator_loss(moved, state.discriminator, z, key)[0]

    gradient = jax.grad(loss)(state.generator.params)
    expected = jax.tree.map(lambda w, g: w - g, state.generator.params, gradient)
    tiny.assert_close(after.generator.params, expected, 1e-5)


def test_one_example_is_too_few(players):
    state, real, _ = players
    with pytest.raises(ValueError, match="CoulombGAN couples the examples of a batch, of which 1"):
        jax.eval_shape(METHOD.step, state, {"image": real[:1]}, KEY)


def test_the_force_points_from_a_covered_mode_to_an_uncovered_one():
    real, fake = np.float32([[-1], [-1], [1], [1]]), np.float32([[-1.01], [-1], [-1], [-0.99]])
    force = jax.grad(lambda at: kernels.potential(at, real, fake).sum())
    assert (force(fake) > 0).all()  # all repel each other towards the uncovered mode
    rest = jax.grad(lambda at: kernels.potential(at, real, real).sum())
    assert not rest(fake).any()


def test_points_that_climb_the_potential_cover_both_modes():
    """What a generator does whose discriminator has learned the potential."""
    real = np.float32([[-1.0]] * 4 + [[1.0]] * 4)
    force = tiny.jit(jax.grad(lambda at, fake: kernels.potential(at, real, fake).sum()))
    at = np.linspace(-1.1, -0.9, 8, dtype="f4")[:, None]
    for _ in range(400):
        at = at + 0.5 * force(at, at)
    at = np.sort(at[:, 0])
    assert (at[:4] < -0.5).all(), at
    assert (at[4:] > 0.5).all(), at


def test_the_field_on_a_grid():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(2, 0.1, (50, 2)), rng.normal(-2, 0.1, (40, 2))
    field = potential_field(METHOD, real, fake, cells=20)
    assert field.potential.shape == (20, 20)
    assert field.force.shape == (20, 20, 2)
    place = np.float32([[field.x[3], field.y[7]]])
    expected = kernels.potential(place, np.float32(real), np.float32(fake))
    np.testing.assert_allclose(field.potential[7, 3], expected[0], rtol=1e-5)
    step = field.x[1] - field.x[0]
    slope = (field.potential[7, 4] - field.potential[7, 2]) / (2 * step)
    np.testing.assert_allclose(field.force[7, 3, 0], slope, rtol=0.05)
    with pytest.raises(ValueError, match="a field is drawn of points"):
        potential_field(METHOD, real[:, :1], fake)


@pytest.mark.parametrize(("flat", "height"), [(1, range(850, 950)), (0.2, range(250, 350))])
def test_a_picture_of_the_field(flat, height):
    real = data.GaussianRing(num=50).arrays["image"] * [1, flat]
    field = potential_field(METHOD, real, real[::-1] / 2, cells=12)
    picture = draw_field(field, real, real / 2)
    assert picture.shape[0] in height
    assert picture.shape[1:] == (800, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 10


def test_a_generator_at_one_mode_moves_half_of_its_examples_to_the_other():
    """With a discriminator that learns the potential, by whole iterations of the method."""
    networks = MLPGenerator((1,), (32, 32), output="linear"), MLPDiscriminator((32, 32))
    settings = {"learning_rate": 5e-3, "schedule": schedules.LinearDecay(start=500, end=2000)}
    method = CoulombGAN(*networks, priors.Normal(1), epsilon=0.5, **settings)
    real = np.float32([[-1.0]] * 32 + [[1.0]] * 32)
    state = tiny.jit(method.init)(KEY, {"image": real})
    last = state.generator.params["Dense_2"]
    last = {"kernel": last["kernel"] / 5, "bias": last["bias"] - 1}
    params = state.generator.params | {"Dense_2": last}
    state = state._replace(generator=state.generator._replace(params=params))
    sample = tiny.jit(method.sample, static_argnums=2)
    assert (sample(state, KEY, 500) < -0.5).all()

    def iteration(state, key):
        return method.step(state, {"image": real}, key)

    run = jax.jit(functools.partial(jax.lax.scan, iteration))
    state, _ = run(state, jax.random.split(KEY, 2000))
    near = np.abs(np.subtract(sample(state, KEY, 500), [[-1, 1]])) < 0.3
    assert (near.mean(axis=0) > 0.3).all(), near.mean(axis=0)

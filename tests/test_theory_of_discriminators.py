"""Perfect discriminators and what they do to a generator (Arjovsky & Bottou 2017, 1701.04862)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import losses
from tests.support import tiny

ANGLES = np.linspace(0, 2 * np.pi, 40, endpoint=False)
NOISE = np.random.default_rng(0).uniform(-1, 1, 40)
THETA = np.array([2.5, 0.3, 0.8, -0.4])


def circle_and_arc(theta: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two curves in space that do not meet: a circle around 0, and an arc that theta bends."""
    real = jnp.stack([jnp.cos(ANGLES), jnp.sin(ANGLES), 0 * ANGLES], axis=1)
    z = jnp.asarray(NOISE)
    fake = jnp.stack([theta[0] + theta[1] * z, theta[2] * z, theta[3] * z**2], axis=1)
    return real, fake


def crossing_lines(theta: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two lines of a plane that meet in one point: an axis, and the other after theta's shear."""
    z = jnp.asarray(NOISE)
    return jnp.stack([z, 0 * z], axis=1), jnp.stack([theta[1] * z, theta[0] * z], axis=1)


def step(x: jax.Array) -> jax.Array:
    """A smooth step: 0 below -1/2 and 1 above 1/2, both with all of a neighbourhood."""
    x = jnp.clip(x + 0.5, 0, 1)
    return x * x * (3 - 2 * x)


def perfect(manifolds):
    """Returns D*, by the squares of x's distances to the manifolds of THETA."""
    real, fake = manifolds(jnp.asarray(THETA))
    if real.shape[1] == 2:  # the lines go on, and their sharpness grows towards where they meet
        normal = jnp.array([fake[0, 1], -fake[0, 0]]) / jnp.linalg.norm(fake[0])

        def discriminator(x):
            to_real, to_fake = x[1] ** 2, (normal @ x) ** 2
            return step(2 * (to_fake - to_real) / (to_fake + to_real))
    else:
        gap = jnp.min(jnp.sum((real[:, None] - fake) ** 2, axis=-1))

        def discriminator(x):
            to_real, to_fake = (jnp.min(jnp.sum((x - y) ** 2, axis=1)) for y in (real, fake))
            return step((to_fake - to_real) / gap)

    return discriminator


@pytest.mark.parametrize("manifolds", [circle_and_arc, crossing_lines])
def test_a_discriminator_is_perfect_and_flat_on_both_manifolds(manifolds):
    """Theorems 2.1 (disjoint) and 2.2 (not aligned), and their divergence by theorem 2.3."""
    with jax.enable_x64(True):
        real, fake = manifolds(jnp.asarray(THETA))
        discriminator = tiny.jit(jax.vmap(jax.value_and_grad(perfect(manifolds))))
        (on_real, slope_real), (on_fake, slope_fake) = discriminator(real), discriminator(fake)
        np.testing.assert_array_equal(on_real, 1)
        np.testing.assert_array_equal(on_fake, 0)
        assert not slope_real.any()
        assert not slope_fake.any()
        # The value E log D + E log(1 - D) is 2 JS - log 4 at most, so that JS is log 2.
        assert np.log(on_real).mean() + np.log1p(-on_fake).mean() == 0


@pytest.mark.parametrize("manifolds", [circle_and_arc, crossing_lines])
def test_near_it_the_generators_gradient_vanishes(manifolds):
    """Theorem 2.4: |grad E log(1 - D(g(z)))| < M e / (1 - e) where |D - D*| < e.

    The norm of D - D* is that of its values and slopes. The loss -log D has no such bound: its
    gradient does not shrink with e (section 2.2.2).
    """
    best = perfect(manifolds)
    direction = jnp.array([0.6, 0.8, 0.0])

    def norms(loss: losses.AdversarialLoss) -> np.ndarray:
        def generator_loss(theta, epsilon):
            fake = manifolds(theta)[1]
            wrong = lambda x: (1 + jnp.sin(direction[: x.size] @ x)) / 4  # with its slope below 3/4
            share = jax.vmap(lambda x: best(x) * (1 - epsilon) + epsilon * wrong(x))(fake)
            return loss.fool(jax.scipy.special.logit(share)).mean()

        gradient = tiny.jit(jax.vmap(jax.grad(generator_loss), in_axes=(None, 0)))
        return np.linalg.norm(gradient(jnp.asarray(THETA), jnp.asarray(epsilons)), axis=1)

    epsilons = np.array([1e-1, 1e-2, 1e-3, 1e-4])
    with jax.enable_x64(True):
        jacobian = tiny.jit(jax.jacobian(lambda theta: manifolds(theta)[1]))(jnp.asarray(THETA))
        bound = np.sqrt((jacobian**2).sum(axis=(1, 2)).mean())  # M
        found, other = norms(losses.Minimax()), norms(losses.NonSaturating())
    assert (found > 0).all()
    assert (found < bound * epsilons / (1 - epsilons)).all()
    np.testing.assert_allclose(found[2:] / found[1:-1], 0.1, rtol=0.02)
    np.testing.assert_allclose(other, other[0], rtol=0.1)
    assert other[0] > 0.05

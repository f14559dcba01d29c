"""The Earth-Mover distance is a metric, and for a network a loss without jumps.

Proofs are repeated with numbers: plans are glued as in Villani 2008, and theorem 1 and corollary 1
of Arjovsky et al. 2017 are held against the exact distance of samples from `MLPGenerator`.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.spatial.distance import cdist

from gans_jax.metrics import earth_mover, jensen_shannon, kl_divergence
from gans_jax.networks import MLPGenerator
from tests.support import tiny

NOISE = np.random.default_rng(0).standard_normal((10, 2))
NETWORK = MLPGenerator((2,), features=(6, 6), output="linear", dtype="float64")


def clouds(seed: int, shift: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Three distributions in a row to the right; one outcome of the second is void."""
    rng = np.random.default_rng(seed)
    points = [rng.random((num, 2)) + np.array([shift * i, 0]) for i, num in enumerate((5, 6, 4))]
    weights = [rng.dirichlet(np.ones(len(x))) for x in points]
    weights[1][0] = 0
    weights[1] /= weights[1].sum()
    return list(zip(points, weights, strict=True))


def distance(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> float:
    (x, p), (y, q) = one, other
    return earth_mover(x, y, p, q).distance


@pytest.mark.parametrize("seed", range(3))
def test_the_distance_is_symmetric_and_zero_for_one_distribution_alone(seed):
    one, other, _ = clouds(seed, 0.0)
    assert distance(one, other) == pytest.approx(distance(other, one), rel=1e-9)
    x, p = one
    halves = np.concatenate([x, x[::-1]]), np.concatenate([p, p[::-1]]) / 2
    assert distance(one, halves) == pytest.approx(0, abs=1e-9)
    # Mass that differs has to move, to another point: W >= (least distance) * (total variation).
    moved = p + 0.01 * np.array([1, -1, 0, 0, 0]) * p.min()
    least = cdist(x, x)[~np.eye(len(x), dtype=bool)].min()
    assert distance(one, (x, moved)) > 0.99 * least * 0.01 * p.min()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_glued_plans_show_the_triangle_inequality(seed, shift):
    (x, p), (y, q), (z, r) = clouds(seed, shift)
    first, second = earth_mover(x, y, p, q), earth_mover(y, z, q, r)
    shares = np.divide(second.coupling, q[:, None], where=q[:, None] > 0, out=np.zeros((6, 4)))
    glued = first.coupling[:, :, None] * shares  # the law of (X, Y, Z), [5, 6, 4]
    np.testing.assert_allclose(glued.sum(axis=2), first.coupling, atol=1e-9)
    np.testing.assert_allclose(glued.sum(axis=0), second.coupling, atol=1e-9)
    across = glued.sum(axis=1)
    np.testing.assert_allclose(across.sum(axis=1), p, atol=1e-9)
    np.testing.assert_allclose(across.sum(axis=0), r, atol=1e-9)
    cost = (across * cdist(x, z)).sum()
    direct = earth_mover(x, z, p, r).distance
    assert direct <= cost + 1e-9
    assert cost <= first.distance + second.distance + 1e-9
    # In a row, the way over the second is hardly longer, so that squared costs would break this.
    assert shift == 0 or direct > 0.95 * (first.distance + second.distance)


@pytest.fixture
def family():
    """g_theta of given noise, a function of a vector theta and of the noise; theta, a direction."""
    with jax.enable_x64(True):
        shapes = jax.eval_shape(lambda: NETWORK.init(jax.random.key(0), NOISE))
        zeros, unravel = ravel_pytree(jax.tree.map(lambda w: jnp.zeros(w.shape), shapes))
        theta, direction = np.random.default_rng(1).standard_normal((2, zeros.size)) / 2
        generate = lambda theta, z=NOISE: NETWORK.apply(unravel(theta), z)
        yield generate, theta, direction / np.linalg.norm(direction)


def loss(generate, real: np.ndarray, theta: np.ndarray) -> float:
    return earth_mover(real, np.asarray(generate(theta))).distance


def test_the_distance_is_continuous_in_the_parameters_and_differentiable_at_almost_all(family):
    """Theorem 1 by its proof, |W(theta) - W(theta')| <= E |g_theta(Z) - g_theta'(Z)|."""
    generate, theta, direction = family
    generate, rng = tiny.jit(generate), np.random.default_rng(2)
    real = rng.standard_normal((10, 2))
    for size in 10.0 ** np.arange(0, -7, -1):
        here, there = np.asarray(generate(theta)), np.asarray(generate(theta + size * direction))
        change = loss(generate, real, theta + size * direction) - loss(generate, real, theta)
        bound = np.linalg.norm(here - there, axis=1).mean()
        assert abs(change) <= bound + 1e-9
        assert bound < 10 * size  # so that both vanish with the step
    for _ in range(5):  # at random parameters, where the plan is the only best one
        theta = theta + rng.standard_normal(theta.size)
        fake = np.asarray(generate(theta))
        plan = earth_mover(real, fake).coupling
        ways = (fake - real[:, None]) / cdist(real, fake)[..., None]
        pull = np.einsum("ij,ijk->jk", plan, ways)  # the distance's gradient at each y_j
        # A central difference; theta is in no kink of a ReLU.
        moves = (generate(theta + 1e-7 * direction) - generate(theta - 1e-7 * direction)) / 2e-7
        slope = (pull * np.asarray(moves)).sum()
        for step in (1e-5, -1e-5):  # from both sides
            quotient = (
                loss(generate, real, theta + step * direction) - plan_cost(plan, real, fake)
            ) / step
            assert quotient == pytest.approx(slope, abs=1e-3 * max(1, abs(slope)))


def plan_cost(plan: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    return float((plan * cdist(x, y)).sum())


def test_other_divergences_jump_where_the_network_reaches_the_data(family):
    """P_r = P_theta*: W falls to 0 along a line, JS and KL stay at their maximum until there."""
    generate, best, direction = family
    generate = tiny.jit(generate)
    real = np.asarray(generate(best))
    sizes = 10.0 ** np.arange(0, -6, -1)
    for side in (1, -1):
        fakes = [np.asarray(generate(best + side * size * direction)) for size in sizes]
        found = [earth_mover(real, fake).distance for fake in fakes]
        # Near 0 it is linear, with a positive slope on both sides: there, W has no derivative.
        np.testing.assert_allclose(found[3:], found[2] * sizes[3:] / sizes[2], rtol=0.05)
        assert found[2] > 0.01 * sizes[2]
        for fake in fakes:
            p, q = outcomes(real, fake)
            assert jensen_shannon(p, q) == pytest.approx(np.log(2), rel=1e-12)
            assert kl_divergence(p, q) == kl_divergence(q, p) == np.inf
    p, q = outcomes(real, np.asarray(generate(best)))
    assert jensen_shannon(p, q) == kl_divergence(p, q) == 0


def outcomes(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of all points that occur, under the samples x and under the samples y."""
    _, inverse = np.unique(np.concatenate([x, y]), axis=0, return_inverse=True)
    p, q = (np.bincount(i, minlength=inverse.max() + 1) for i in np.split(inverse.ravel(), 2))
    return p / len(x), q / len(y)


def test_a_networks_local_lipschitz_constant_grows_no_faster_than_the_noise(family):
    """Corollary 1: L(theta, z) <= C(theta) (1 + |z|), so that E |Z| < inf makes its mean finite."""
    generate, theta, _ = family
    slope = tiny.jit(jax.jacobian(generate))
    scales = 10.0 ** np.arange(5)
    steepest = np.array([np.abs(slope(theta, scale * NOISE)).max() for scale in scales])
    assert steepest[-1] / steepest[-2] == pytest.approx(10, rel=1e-3)
    assert (steepest <= 2 * steepest[-1] / scales[-1] * (1 + scales)).all()

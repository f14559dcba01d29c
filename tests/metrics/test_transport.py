import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from gans_jax.metrics import c_transform, earth_mover, lipschitz_critic


def instance(seed: int, n: int = 9, m: int = 7, d: int = 2):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, d)), 2 * rng.standard_normal((m, d)) + 1
    return x, y, rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))


def test_by_hand():
    # 0.5 goes from 0 to 1, 0.25 from 0 to 3, 0.25 stays at 3.
    distance, coupling = earth_mover([[0.0], [3.0]], [[1.0], [3.0]], [0.75, 0.25], [0.5, 0.5])
    assert distance == pytest.approx(0.5 * 1 + 0.25 * 3)
    np.testing.assert_allclose(coupling, [[0.5, 0.25], [0, 0.25]], atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_coupling_is_feasible_and_costs_the_distance(seed):
    x, y, p, q = instance(seed)
    distance, coupling = earth_mover(x, y, p, q)
    assert (coupling >= 0).all()
    np.testing.assert_allclose(coupling.sum(axis=1), p, atol=1e-9)
    np.testing.assert_allclose(coupling.sum(axis=0), q, atol=1e-9)
    assert (coupling * cdist(x, y)).sum() == pytest.approx(distance, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_primal_is_dual(seed):
    x, y, p, q = instance(seed)
    critic = lipschitz_critic(x, y, p, q)
    assert critic.value == pytest.approx(earth_mover(x, y, p, q).distance, rel=1e-7)
    assert critic.on_x @ p - critic.on_y @ q == pytest.approx(critic.value, rel=1e-9)
    points, values = np.concatenate([x, y]), np.concatenate([critic.on_x, critic.on_y])
    assert (np.abs(values[:, None] - values) <= cdist(points, points) + 1e-7).all()


@pytest.mark.parametrize("seed", range(3))
def test_in_one_dimension_it_is_that_of_the_quantiles(seed):
    x, y, p, q = instance(seed, d=1)
    expected = wasserstein_distance(x[:, 0], y[:, 0], p, q)
    assert earth_mover(x, y, p, q).distance == pytest.approx(expected, rel=1e-9)


def test_weights_are_equal_unless_given():
    x, y, *_ = instance(0)
    p, q = np.full(9, 1 / 9), np.full(7, 1 / 7)
    assert earth_mover(x, y).distance == pytest.approx(earth_mover(x, y, p, q).distance)
    assert lipschitz_critic(x, y).value == pytest.approx(lipschitz_critic(x, y, p, q).value)


@pytest.mark.parametrize("k", [0.1, 3.0])
def test_k_lipschitz_critics_reach_k_times_the_distance(k):
    x, y, p, q = instance(0)
    critic = lipschitz_critic(x, y, p, q, lipschitz=k)
    assert critic.value == pytest.approx(k * earth_mover(x, y, p, q).distance, rel=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_c_transforms_reach_the_dual(seed):
    """Weak duality for any psi, improvement by each transform, and equality at the optimum."""
    x, y, p, q = instance(seed)
    costs, distance = cdist(x, y), earth_mover(x, y, p, q).distance
    psi = np.random.default_rng(seed).standard_normal(len(x))
    phi = c_transform(psi, costs)
    tight = -c_transform(-phi, costs.T)
    values = [phi @ q - psi @ p, phi @ q - tight @ p]
    assert values[0] < values[1] <= distance + 1e-9
    assert (phi - psi[:, None] <= costs + 1e-12).all()
    np.testing.assert_allclose(c_transform(tight, costs), phi, atol=1e-12)  # a tight pair
    best = -lipschitz_critic(x, y, p, q).on_x
    assert c_transform(best, costs) @ q - best @ p == pytest.approx(distance, rel=1e-7)


def test_a_lipschitz_function_is_its_own_c_transform():
    x = np.random.default_rng(0).standard_normal((20, 2))
    psi = np.sin(x[:, 0])
    np.testing.assert_allclose(c_transform(psi, cdist(x, x)), psi, atol=1e-12)
    assert np.abs(c_transform(2 * psi, cdist(x, x)) - 2 * psi).max() > 1e-2


@pytest.mark.parametrize("seed", range(3))
def test_is_a_metric(seed):
    x, y, p, q = instance(seed)
    z, _, r, _ = instance(seed + 10)
    xy, yz, xz = (earth_mover(*a).distance for a in ((x, y, p, q), (y, z, q, r), (x, z, p, r)))
    assert 0 < xz <= xy + yz
    assert xy <= xz + yz
    assert earth_mover(y, x, q, p).distance == pytest.approx(xy, rel=1e-9)
    assert earth_mover(x, x[::-1], p, p[::-1]).distance == pytest.approx(0, abs=1e-9)


def test_flattens_images():
    x, y = np.random.default_rng(0).random((2, 5, 4, 4, 1))
    flat = earth_mover(x.reshape(5, 16), y.reshape(5, 16))
    assert earth_mover(x, y).distance == flat.distance


@pytest.mark.parametrize("solve", [earth_mover, lipschitz_critic])
def test_refuses(solve):
    x, y, p, q = instance(0)
    with pytest.raises(ValueError, match=r"\(\d+, 2\) and \(\d+, 1\) cannot be compared"):
        solve(x, y[:, :1])
    with pytest.raises(ValueError, match="q has 9 probabilities for 7 points y"):
        solve(x, y, p, p)
    with pytest.raises(ValueError, match="p sums to"):
        solve(x, y, p / 2, q)
    with pytest.raises(ValueError, match=r"psi \(7,\) does not fit costs \(9, 7\)"):
        c_transform(q, cdist(x, y))


@pytest.mark.parametrize("seed", range(3))
def test_no_distance_is_below_zero(seed):
    x = np.random.default_rng(seed).standard_normal((20, 3))
    for value in (earth_mover(x, x[::-1]).distance, lipschitz_critic(x, x[::-1]).value):
        assert 0 <= value < 1e-12

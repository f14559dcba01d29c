import numpy as np
import pytest

from gans_jax.metrics import (
    histograms,
    jensen_shannon,
    kl_divergence,
    optimal_discriminator,
    pearson_chi2,
    total_variation,
)

LOG2, LOG3 = np.log([2.0, 3.0])
HALVES, QUARTERS = [0.5, 0.5], [0.25, 0.75]
ALL = [total_variation, kl_divergence, jensen_shannon, pearson_chi2]


def pairs(seed: int = 0, num: int = 30):
    """Random distributions over 2 to 20 outcomes, some of these with no mass at all."""
    rng = np.random.default_rng(seed)
    for _ in range(num):
        p, q = rng.dirichlet(np.full(rng.integers(2, 21), 0.3), 2) + 1e-300
        p[rng.integers(len(p))] = 0
        yield p / p.sum(), q / q.sum()


def test_by_hand():
    assert total_variation(HALVES, QUARTERS) == 0.25
    assert kl_divergence(HALVES, QUARTERS) == pytest.approx(LOG2 - LOG3 / 2)
    assert kl_divergence(QUARTERS, HALVES) == pytest.approx(0.75 * LOG3 - LOG2)
    assert pearson_chi2(HALVES, QUARTERS) == pytest.approx(2 * 0.0625 / 0.5)
    assert pearson_chi2(QUARTERS, HALVES) == pytest.approx(0.0625 / 0.25 + 0.0625 / 0.75)


def test_jensen_shannon_has_the_factor_one_half():
    # Of [1, 0] and [1/2, 1/2], with m = [3/4, 1/4]: (log 4/3) / 2 + (log 2/3 + log 2) / 4.
    by_hand = np.log(4 / 3) / 2 + (np.log(2 / 3) + LOG2) / 4
    assert jensen_shannon([1, 0], HALVES) == pytest.approx(by_hand)
    assert jensen_shannon([1, 0], [0, 1]) == pytest.approx(LOG2, rel=1e-15)


def test_without_common_outcomes():
    p, q = [1.0, 0, 0], [0, 0.5, 0.5]
    assert total_variation(p, q) == 1
    assert kl_divergence(p, q) == kl_divergence(q, p) == pearson_chi2(p, q) == np.inf


@pytest.mark.parametrize("divergence", ALL)
def test_zero_only_between_equals(divergence):
    for p, q in pairs():
        assert divergence(q, q) == 0
        assert divergence(p, q) > 1e-4


@pytest.mark.parametrize("divergence", [total_variation, jensen_shannon])
def test_symmetric(divergence):
    for p, q in pairs():
        assert divergence(p, q) == pytest.approx(divergence(q, p), rel=1e-12)


def test_total_variation_is_the_largest_difference_over_events():
    for p, q in pairs(num=10):
        p, q = p[:8] / p[:8].sum(), q[:8] / q[:8].sum()
        events = np.array(np.meshgrid(*[[0, 1]] * len(p))).reshape(len(p), -1).T
        assert total_variation(p, q) == pytest.approx(np.abs(events @ (p - q)).max(), rel=1e-12)


def test_optimal_discriminator():
    np.testing.assert_allclose(optimal_discriminator([0.5, 0, 0.5], [0.5, 1, 0]), [0.5, 0, 1])
    assert np.isnan(optimal_discriminator([0.0], [0.0])).all()


def test_histograms_by_hand():
    x, y = np.array([[0.0], [1.0], [1.2], [4.0]]), np.array([[3.0], [3.9]])
    p, q = histograms(x, y, bins=2)
    np.testing.assert_array_equal([p, q], [[0.75, 0.25], [0, 1]])
    assert [len(a) for a in histograms(np.eye(3), np.ones((2, 3)), bins=4)] == [64, 64]


def test_histograms_approach_the_densities():
    """JS of N(0, 1) and N(1, 1) is 0.1114 by numerical integration of the densities."""
    grid = np.linspace(-9, 10, 20_001)
    p, q = np.exp(-(grid**2) / 2), np.exp(-((grid - 1) ** 2) / 2)
    exact = jensen_shannon(p / p.sum(), q / q.sum())
    assert exact == pytest.approx(0.1114, abs=1e-4)
    x, y = np.random.default_rng(0).standard_normal((2, 100_000, 1))
    assert jensen_shannon(*histograms(x, y + 1)) == pytest.approx(exact, abs=2e-3)


@pytest.mark.parametrize("divergence", ALL)
def test_refuses_what_is_no_distribution(divergence):
    with pytest.raises(ValueError, match="p has 2 outcomes and q has 3"):
        divergence(HALVES, [0.5, 0.25, 0.25])
    with pytest.raises(ValueError, match=r"p sums to 0\.9 and not to 1"):
        divergence([0.4, 0.5], HALVES)
    with pytest.raises(ValueError, match=r"q sums to 1\.1 and not to 1"):
        divergence(HALVES, [0.6, 0.5])
    for wrong in ([1.5, -0.5], [np.nan, 1], [[0.5, 0.5]]):
        with pytest.raises(ValueError, match="q must be probabilities"):
            divergence(HALVES, wrong)


def test_histograms_refuse_two_dimensions():
    with pytest.raises(ValueError, match="cannot be compared"):
        histograms(np.zeros((3, 2)), np.zeros((3, 1)))


def test_rounding_leaves_no_divergence_below_zero():
    values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        p = rng.dirichlet(np.ones(50))
        q = p * (1 + 1e-15 * rng.standard_normal(50))
        values += [kl_divergence(p, q), jensen_shannon(p, q)]
    assert min(values) >= 0
    assert max(values) < 1e-14

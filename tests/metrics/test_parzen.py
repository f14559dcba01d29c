import warnings

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gans_jax.metrics import choose_bandwidth, distances, parzen_log_likelihood

RNG = np.random.default_rng(0)
X, SAMPLES = RNG.random((13, 2, 2, 1)), RNG.random((29, 2, 2, 1))


def _directly(x: np.ndarray, samples: np.ndarray, sigma: float) -> np.ndarray:
    """The formula as it stands, without logarithms of sums."""
    densities = [
        np.mean([multivariate_normal.pdf(a.ravel(), s.ravel(), sigma**2) for s in samples])
        for a in x
    ]
    return np.log(densities)


@pytest.mark.parametrize("pairs", [2**23, 90])
def test_agrees_with_the_formula(monkeypatch, pairs):
    monkeypatch.setattr(distances, "_PAIRS", pairs)
    values = parzen_log_likelihood(X, SAMPLES, np.array([0.2, 0.7]))
    assert values.shape == (2, 13)
    for row, sigma in zip(values, (0.2, 0.7), strict=True):
        np.testing.assert_allclose(row, _directly(X, SAMPLES, sigma), rtol=1e-11)
        np.testing.assert_allclose(parzen_log_likelihood(X, SAMPLES, sigma), row, rtol=1e-13)


def test_far_points_do_not_underflow():
    value = parzen_log_likelihood(np.full((1, 784), 9.0), np.zeros((2, 784)), 0.1)[0]
    expected = -784 * 81 / 0.02 - 784 * np.log(0.1 * np.sqrt(2 * np.pi))
    assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_does_not_depend_on_the_batch(size):
    whole = parzen_log_likelihood(X, SAMPLES, 0.3)
    parts = [parzen_log_likelihood(X[i : i + size], SAMPLES, 0.3) for i in range(0, 13, size)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12)


def test_chooses_the_best_bandwidth():
    """The mean log-likelihood of Gaussians around one point is highest at their own scale."""
    validation = 0.3 * RNG.standard_normal((20000, 2))
    candidates = np.array([0.5, 0.2, 0.3, 0.4])
    assert choose_bandwidth(validation, np.zeros((1, 2)), candidates) == 0.3


def test_warns_at_the_border():
    with pytest.warns(UserWarning, match="the best bandwidth, 2, is at the border"):
        choose_bandwidth(X + 50, SAMPLES, np.array([1.0, 2.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert 0.1 < choose_bandwidth(X, SAMPLES) < 1


def test_refuses_bandwidths():
    with pytest.raises(ValueError, match="bandwidths must be positive"):
        parzen_log_likelihood(X, SAMPLES, 0.0)

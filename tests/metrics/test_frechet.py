import warnings

import chex
import numpy as np
import pytest
import scipy.linalg

from gans_jax.metrics import (
    FeatureStatistics,
    FewSamplesWarning,
    Gaussian,
    fit_gaussian,
    frechet_distance,
)
from gans_jax.metrics.gaussian import _BLOCK

RNG = np.random.default_rng(0)


def _features(n: int, d: int = 6, shift: float = 0.0) -> np.ndarray:
    mixing = np.random.default_rng(1).standard_normal((d, d))
    return (RNG.standard_normal((n, d)) @ mixing + 3 + shift).astype(np.float32)


def _batches(features: np.ndarray, size: int) -> list[np.ndarray]:
    return [features[i : i + size] for i in range(0, len(features), size)]


@pytest.mark.parametrize("n", [2, 100, _BLOCK, 2 * _BLOCK + 17])
def test_statistics_agree_with_numpy(n):
    features = _features(n)
    count, mean, covariance = fit_gaussian([features])
    assert count == n
    exact = features.astype(np.float64)
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=1e-13)
    scale = np.abs(covariance).max()
    np.testing.assert_allclose(covariance, np.cov(exact, rowvar=False), atol=1e-13 * scale)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_statistics_do_not_depend_on_the_batch_size(size):
    features = _features(_BLOCK + 300)
    whole, parts = fit_gaussian([features]), fit_gaussian(_batches(features, size))
    chex.assert_trees_all_equal(whole, parts)


def test_statistics_do_not_depend_on_the_order():
    features = _features(3000)
    a, b = fit_gaussian([features]), fit_gaussian([RNG.permutation(features)])
    np.testing.assert_allclose(a.covariance, b.covariance, rtol=1e-11)
    assert frechet_distance(a, b) == pytest.approx(0, abs=1e-11)


def test_merged_devices_are_one():
    features = _features(1500)
    shares = [FeatureStatistics(6).update(share) for share in np.array_split(features, 4)]
    merged = FeatureStatistics(6)
    for share in shares:
        merged.merge(share)
    chex.assert_trees_all_close(merged.gaussian(), fit_gaussian([features]), rtol=1e-11)


def test_statistics_can_be_read_on_the_way():
    features = _features(500)
    statistics = FeatureStatistics(6).update(features[:200])
    np.testing.assert_allclose(statistics.gaussian().mean, features[:200].mean(0, np.float64))
    end = statistics.update(features[200:]).gaussian()
    np.testing.assert_allclose(end.covariance, fit_gaussian([features]).covariance, rtol=1e-11)


def test_statistics_are_stable_far_from_zero():
    """E[x^2] - E[x]^2 would lose all digits here: the mean is 1e9 standard deviations."""
    features = RNG.standard_normal((4000, 2))
    covariance = fit_gaussian(_batches(features + 1e9, 100)).covariance
    np.testing.assert_allclose(covariance, np.cov(features, rowvar=False), atol=1e-6)


def test_frechet_distance_in_closed_form():
    """Covariances that commute, diag(4, 9) and diag(1, 16) in a rotated basis."""
    rotation = np.linalg.qr(RNG.standard_normal((2, 2)))[0]
    p, q = (
        Gaussian(100, np.array(mean), rotation @ np.diag(values) @ rotation.T)
        for mean, values in (([0.0, 1.0], [4.0, 9.0]), ([3.0, 5.0], [1.0, 16.0]))
    )
    assert frechet_distance(p, q) == pytest.approx(25 + (2 - 1) ** 2 + (3 - 4) ** 2, rel=1e-13)
    assert frechet_distance(p, p) == pytest.approx(0, abs=1e-13)


def test_frechet_distance_agrees_with_the_matrix_root():
    p, q = fit_gaussian([_features(200)]), fit_gaussian([2 * RNG.standard_normal((300, 6))])
    root = scipy.linalg.sqrtm(p.covariance @ q.covariance).real
    expected = np.square(p.mean - q.mean).sum()
    expected += np.trace(p.covariance + q.covariance - 2 * root)
    assert frechet_distance(p, q) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance(p, q) == pytest.approx(frechet_distance(q, p), rel=1e-12)


def test_singular_covariances_and_the_warning():
    a, b = _features(5), _features(6, shift=1.0)
    with pytest.warns(FewSamplesWarning) as caught:
        distance = frechet_distance(fit_gaussian([a]), fit_gaussian([b]))
    assert [str(w.message).split()[4] for w in caught] == ["5", "6"]
    # The trace of the root is the sum of singular values of the product of centred features.
    centred = [(x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (a.astype(float), b.astype(float))]
    root = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    expected = np.square(a.mean(0, float) - b.mean(0, float)).sum() - 2 * root
    expected += sum(np.square(x).sum() for x in centred)
    assert distance == pytest.approx(expected, rel=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frechet_distance(fit_gaussian([_features(7)]), fit_gaussian([_features(7)]))


def test_refuses_bad_features():
    with pytest.raises(ValueError, match="no features"):
        fit_gaussian([])
    with pytest.raises(ValueError, match="at least two samples, but there are 1"):
        fit_gaussian([np.zeros((1, 3))])
    with pytest.raises(ValueError, match="not finite"):
        fit_gaussian([np.full((4, 3), np.inf)])
    with pytest.raises(ValueError, match=r"features \[n, 3\]: reshape \(2, 4\)"):
        fit_gaussian([np.zeros((2, 3)), np.zeros((2, 4))])
    with pytest.raises(ValueError, match="one feature network"):
        frechet_distance(fit_gaussian([_features(9, 3)]), fit_gaussian([_features(9, 4)]))


def test_rounding_leaves_no_distance_below_zero():
    """Of a set and itself in another order, whose distance is 0."""
    distances = []
    for seed in range(20):
        features = 100 * np.random.default_rng(seed).standard_normal((300, 40))
        other = fit_gaussian([np.random.default_rng(0).permutation(features)])
        distances.append(frechet_distance(fit_gaussian([features]), other))
    assert min(distances) >= 0
    assert max(distances) < 1e-8
    nan = Gaussian(300, np.full(40, np.nan), np.eye(40))
    assert np.isnan(frechet_distance(nan, nan))

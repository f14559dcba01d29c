"""Distances of features against torch-fidelity's."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gans_jax.metrics import fit_gaussian, frechet_distance, inception_score, kernel_distance
from tests.pytorch.fidelity import torch_fidelity

fid, kid, isc = torch_fidelity("metric_fid", "metric_kid", "metric_isc")
pytestmark = pytest.mark.torch


def _features(n: int, seed: int, dtype=np.float32) -> np.ndarray:
    """Positive and unequally spread, like pooled activations."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(0).standard_normal((48, 48)) / 7
    return np.maximum(random.standard_normal((n, 48)) @ mixing + 0.1 * seed, 0).astype(dtype)


@pytest.mark.parametrize("size", [1, 7, 64, 500])
def test_frechet_distance(size) -> None:
    x, y = _features(500, 1), _features(400, 2)
    p, q = (fit_gaussian(a[i : i + size] for i in range(0, len(a), size)) for a in (x, y))
    statistics = [fid.fid_features_to_statistics(torch.from_numpy(a.astype(float))) for a in (x, y)]
    expected = fid.fid_statistics_to_metric(*statistics, verbose=False)
    assert frechet_distance(p, q) == pytest.approx(expected[fid.KEY_METRIC_FID], rel=1e-9)
    # As it is used, on float32 features, whose means torch-fidelity takes in float32.
    statistics = [fid.fid_features_to_statistics(torch.from_numpy(a)) for a in (x, y)]
    expected = fid.fid_statistics_to_metric(*statistics, verbose=False)
    assert frechet_distance(p, q) == pytest.approx(expected[fid.KEY_METRIC_FID], rel=1e-6)


def test_kernel_distance() -> None:
    x, y = _features(300, 1, np.float64), _features(200, 2, np.float64)
    settings = {"kid_subsets": 7, "kid_subset_size": 50, "rng_seed": 3, "verbose": False}
    expected = kid.kid_features_to_metric(torch.from_numpy(x), torch.from_numpy(y), **settings)
    estimate = kernel_distance(x, y, subsets=7, subset_size=50, seed=3)
    assert estimate == pytest.approx(tuple(expected.values()), rel=1e-10)


def test_inception_score() -> None:
    logits = 9 * _features(105, 1)
    expected = isc.isc_features_to_metric(torch.from_numpy(logits))
    assert inception_score(logits) == pytest.approx(tuple(expected.values()), rel=1e-12)

import dataclasses

import numpy as np
import pytest

from gans_jax.data import (
    DataError,
    GaussianGrid,
    GaussianRing,
    ParallelLines,
    TwoGaussians,
    TwoUniforms,
)

SOURCES = [GaussianRing, GaussianGrid, TwoGaussians, TwoUniforms, ParallelLines]
MIXTURES = [GaussianRing, GaussianGrid, TwoGaussians]


def nearest(source):
    points = source.arrays["image"]
    return np.linalg.norm(points[:, None] - source.centers, axis=-1).argmin(axis=1)


@pytest.mark.parametrize("kind", SOURCES)
def test_examples_are_float32_points_drawn_from_the_seed(kind):
    points = kind(num=50).arrays["image"]
    assert len(kind(num=50)) == 50
    assert points.dtype == np.float32
    np.testing.assert_array_equal(kind(num=50)[3]["image"], points[3])
    np.testing.assert_array_equal(kind(num=50).arrays["image"], points)
    assert not np.array_equal(kind(num=50, seed=1).arrays["image"], points)


@pytest.mark.parametrize("kind", SOURCES)
def test_fields_are_plain(kind):
    source = kind(num=5)
    len(source)
    fields = dataclasses.asdict(source)
    assert kind(**fields) == source
    assert "arrays" not in fields


@pytest.mark.parametrize("kind", MIXTURES)
def test_gaussian_modes_are_equally_likely_and_have_std(kind):
    source = kind(num=20_000)
    modes = nearest(source)
    share = np.bincount(modes, minlength=len(source.centers)) / len(source)
    np.testing.assert_allclose(share * len(source.centers), 1, atol=0.15)
    residual = source.arrays["image"] - source.centers[modes]
    np.testing.assert_allclose(residual.std(axis=0), source.std, rtol=0.05)
    assert residual.shape[1] == source.centers.shape[1]


def test_ring_centers():
    centers = GaussianRing(modes=4, radius=3.0).centers
    np.testing.assert_allclose(centers, [[3, 0], [0, 3], [-3, 0], [0, -3]], atol=1e-12)


def test_grid_centers():
    centers = GaussianGrid(side=5, spacing=2.0).centers
    expected = {(float(x), float(y)) for x in range(-4, 5, 2) for y in range(-4, 5, 2)}
    assert centers.shape == (25, 2)
    assert set(map(tuple, centers)) == expected


def test_two_gaussians_weights_and_dimension():
    source = TwoGaussians(means=(-1.0, 3.0), std=0.1, weights=(0.9, 0.1), dimension=2, num=10_000)
    np.testing.assert_array_equal(source.centers, [[-1, 0], [3, 0]])
    assert abs(np.mean(nearest(source) == 0) - 0.9) < 0.02
    assert TwoGaussians(num=3)[0]["image"].shape == (1,)


def test_two_uniforms():
    source = TwoUniforms(left=(-3.0, -2.0), right=(0.0, 3.0), num=10_000)
    points = source.arrays["image"][:, 0]
    left, right = points[points < -1], points[points > -1]
    assert abs(len(left) / len(points) - 0.5) < 0.03
    np.testing.assert_allclose([left.min(), left.max()], [-3, -2], atol=0.01)
    np.testing.assert_allclose([right.min(), right.max()], [0, 3], atol=0.01)
    np.testing.assert_array_equal(source.centers, [[-2.5], [1.5]])
    assert source.std == pytest.approx(right.std(), rel=0.03)


def test_parallel_lines():
    points = ParallelLines(theta=-0.5, num=10_000).arrays["image"]
    assert points.shape == (10_000, 2)
    assert (points[:, 0] == -0.5).all()
    z = points[:, 1]
    assert 0 <= z.min() < 0.01
    assert 0.99 < z.max() <= 1
    assert abs(z.mean() - 0.5) < 0.02


@pytest.mark.parametrize("weights", [(0.5, 0.6), (-0.5, 1.5)])
def test_weights_that_are_no_probabilities(weights):
    with pytest.raises(DataError, match=r"weights \(.*sum 1"):
        TwoGaussians(weights=weights)


def test_overlapping_intervals():
    with pytest.raises(DataError, match=r"\(0.0, 2.0\) and \(1.0, 3.0\) are not disjoint"):
        TwoUniforms(left=(0.0, 2.0), right=(1.0, 3.0))

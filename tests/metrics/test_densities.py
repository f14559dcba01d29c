import numpy as np
import pytest

from gans_jax.metrics import energy_distance, mode_shares

RNG = np.random.default_rng(0)


def test_energy_distance_by_hand():
    # two points at 0 against one at 3: 2 * 3 - 0 - 0; and {0, 2} against {1}: 2 * 1 - 1 - 0
    assert energy_distance(np.zeros((2, 1)), np.array([[3.0]])) == 6
    assert energy_distance(np.array([[0.0], [2.0]]), np.array([[1.0]])) == 1


def test_energy_distance_of_shifted_gaussians():
    x = RNG.standard_normal((1500, 2))
    same, moved = energy_distance(x, RNG.standard_normal((1500, 2))), energy_distance(x, x + 2)
    assert energy_distance(x, x) == pytest.approx(0, abs=1e-12)
    assert same < 0.01 < 1 < moved


def test_energy_distance_flattens_images():
    x, y = RNG.random((2, 5, 4, 4, 1))
    assert energy_distance(x, y) == energy_distance(x.reshape(5, 16), y.reshape(5, 16))


def test_mode_shares_count_only_what_is_near():
    centers = np.array([[0.0, 0.0], [10.0, 0.0]])
    samples = np.array([[0.1, 0], [0, 0.29], [9.9, 0], [5, 0]])
    np.testing.assert_allclose(mode_shares(samples, centers, std=0.1), [0.5, 0.25])
    np.testing.assert_allclose(mode_shares(samples, centers, std=0.1, within=2), [0.25, 0.25])


def test_rounding_leaves_no_energy_distance_below_zero():
    distances = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((rng.integers(3, 200), 3))
        distances.append(energy_distance(x, rng.permutation(x)))
    assert min(distances) >= 0
    assert max(distances) < 1e-14

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from gans_jax.metrics import sliced, sliced_wasserstein

RNG = np.random.default_rng(0)


def test_one_dimension_is_the_wasserstein_distance():
    x, y = RNG.standard_normal((2, 40, 1))
    expected = wasserstein_distance(x[:, 0], y[:, 0])
    assert sliced_wasserstein(x, y) == pytest.approx(expected, rel=1e-12)


def test_a_shift_in_the_plane():
    """The mean of |cos| over the circle is 2 / pi."""
    x = RNG.standard_normal((30, 2))
    distance = sliced_wasserstein(x, RNG.permutation(x) + np.array([3.0, 4.0]), projections=20000)
    assert distance == pytest.approx(5 * 2 / np.pi, rel=0.02)


def test_blocks_do_not_matter(monkeypatch):
    x, y = RNG.standard_normal((2, 20, 3, 3, 1))
    whole = sliced_wasserstein(x, y, projections=50)
    monkeypatch.setattr(sliced, "_VALUES", 20 * 7)
    assert sliced_wasserstein(x, y, projections=50) == pytest.approx(whole, rel=1e-13)
    assert sliced_wasserstein(x, y, projections=50, seed=1) != whole
    assert sliced_wasserstein(x, x[::-1]) == 0


def test_refuses_unequal_counts():
    with pytest.raises(ValueError, match="take as many examples of both"):
        sliced_wasserstein(np.zeros((3, 2)), np.zeros((4, 2)))

import numpy as np
import pytest
from prdc import compute_prdc

from gans_jax.metrics import distances, manifold_scores

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("pairs", [2**23, 1000])
def test_agrees_with_prdc(monkeypatch, k, pairs):
    """With few pairs to a block, over several blocks."""
    monkeypatch.setattr(distances, "_PAIRS", pairs)
    real = RNG.standard_normal((120, 3))
    fake = 0.7 * RNG.standard_normal((90, 3)) + 1.2
    expected = compute_prdc(real, fake, nearest_k=k)
    result = manifold_scores(real, fake, k=k)._asdict()
    assert result == pytest.approx(expected)
    assert all(0 < expected[name] < 1 for name in ("precision", "recall", "coverage"))


def test_far_sets_share_nothing():
    real = RNG.standard_normal((50, 2))
    assert manifold_scores(real, real + 100) == (0, 0, 0, 0)


def test_density_counts_all_balls_and_coverage_is_of_the_real():
    real = np.array([[0.0], [1], [2], [50], [52]])
    fake = np.array([[0.9], [1.1], [1.2]])
    # Radii 1, 1, 1, 2, 2: the first lies in the balls around 0 and 1, the others around 1 and 2.
    result = manifold_scores(real, fake, k=1)
    assert result.precision == 1
    assert result.coverage == pytest.approx(3 / 5)
    assert result.density == pytest.approx(2)
    # The balls around 0.9, 1.1 and 1.2 have radii 0.2, 0.1 and 0.1: only 1 is in one of them.
    assert result.recall == pytest.approx(1 / 5)


def test_duplicates_have_no_ball():
    real = np.repeat(RNG.standard_normal((20, 4)) + 1e3, 3, axis=0)
    assert manifold_scores(real, RNG.standard_normal((20, 4)) + 1e3, k=2).precision == 0


def test_refuses_sets_that_are_too_small():
    with pytest.raises(ValueError, match="5 real and 9 fake samples have no neighbour number 5"):
        manifold_scores(np.zeros((5, 2)), np.zeros((9, 2)))
    with pytest.raises(ValueError, match="examples of one size"):
        manifold_scores(np.zeros((9, 2)), np.zeros((9, 3)))

import itertools

import numpy as np
import pytest

from gans_jax.metrics import inception_score, kernel_distance

RNG = np.random.default_rng(0)


def test_kernel_distance_by_hand():
    """With a subset as large as the set, every subset is the set, in another order."""
    x, y = RNG.standard_normal((2, 5, 3))

    def mean(pairs) -> float:
        return np.mean([(a @ b / 3 + 1) ** 3 for a, b in pairs])

    within = sum(mean(itertools.permutations(z, 2)) for z in (x, y))
    expected = within - 2 * mean(itertools.product(x, y))
    estimate = kernel_distance(x, y, subsets=3, subset_size=5)
    assert estimate.mean == pytest.approx(expected, rel=1e-12)
    assert estimate.std == pytest.approx(0, abs=1e-12)


def test_kernel_distance_is_unbiased():
    x, y = RNG.standard_normal((2, 2000, 4))
    same = kernel_distance(x, y, subset_size=100)
    moved = kernel_distance(x, y + 1, subset_size=100)
    assert abs(same.mean) < 3 * same.std / np.sqrt(20) < moved.mean
    assert same.std > 0


def test_kernel_distance_follows_its_seed():
    x, y = RNG.standard_normal((2, 30, 2))
    first, again, other = (
        kernel_distance(x, y, subsets=4, subset_size=10, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_kernel_distance_refuses_small_sets():
    with pytest.raises(ValueError, match="subsets of 1000 cannot be drawn from 30 and 40"):
        kernel_distance(np.zeros((30, 2)), np.zeros((40, 2)))
    with pytest.raises(ValueError, match="one feature network"):
        kernel_distance(np.zeros((30, 2)), np.zeros((40, 3)), subset_size=5)


def test_inception_score_in_closed_form():
    # One certain class of four for each sample, equally often: exp(log 4 - 0).
    certain = 1e4 * np.eye(4)[np.arange(400) % 4]
    assert inception_score(certain, splits=1) == (pytest.approx(4), 0)
    assert inception_score(np.zeros((10, 7)), splits=2) == (pytest.approx(1), pytest.approx(0))
    # Two answers, (3/4, 1/4) and (1/4, 3/4), and their mean (1/2, 1/2).
    half = np.log([[0.75, 0.25], [0.25, 0.75]])
    expected = np.exp(0.75 * np.log(1.5) + 0.25 * np.log(0.5))
    assert inception_score(half, splits=1).mean == pytest.approx(expected)


def test_inception_score_shuffles_before_it_splits():
    """In their order, each of the splits would hold one class alone, and score 1."""
    ordered = 1e4 * np.eye(4)[np.arange(400) // 100]
    score = inception_score(ordered, splits=4)
    assert score.mean > 3.5
    assert score.std > 0
    with pytest.raises(ValueError, match="3 samples do not fill 10 splits"):
        inception_score(ordered[:3])

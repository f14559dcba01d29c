import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gans_jax.metrics import distances, memorisation, nearest_neighbours

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("pairs", [2**23, 100])
def test_nearest_neighbours(monkeypatch, pairs):
    monkeypatch.setattr(distances, "_PAIRS", pairs)
    samples, training = RNG.random((11, 3, 2, 1)), RNG.random((40, 3, 2, 1))
    all_distances = cdist(samples.reshape(11, 6), training.reshape(40, 6))
    indices, nearest = nearest_neighbours(samples, training, k=3)
    np.testing.assert_array_equal(indices, np.argsort(all_distances, axis=1)[:, :3])
    np.testing.assert_allclose(nearest, np.sort(all_distances, axis=1)[:, :3], rtol=1e-12)


def test_all_training_examples_can_be_neighbours():
    assert nearest_neighbours(np.zeros((1, 1)), np.array([[2.0], [1.0]]), k=2).indices.tolist() == [
        [1, 0]
    ]
    with pytest.raises(ValueError, match="2 training examples have no 3 neighbours"):
        nearest_neighbours(np.zeros((1, 1)), np.zeros((2, 1)), k=3)


def _split(d: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(RNG.standard_normal((n, d)) for n in (400, 400, 300))


def test_fresh_examples_are_not_memorised():
    training, held_out, fresh = _split()
    result = memorisation(fresh, training, held_out)
    assert not result.memorised
    assert result.probability > 0.01
    assert result.copies.mean() < 0.04


def test_copies_are_flagged():
    training, held_out, samples = _split()
    samples[:15] = training[:15] + 0.01 * RNG.standard_normal((15, 6))
    result = memorisation(samples, training, held_out)
    assert result.memorised
    assert result.copies[:15].all()
    assert result.copies[15:].mean() < 0.04


def test_a_dense_region_is_not_a_copy():
    """Distances alone would flag samples from the densest part of the data."""
    training, held_out, samples = _split()
    for a, dense in ((training, 200), (held_out, 40), (samples, 300)):
        a[:dense] *= 0.01
    assert not memorisation(samples, training, held_out).memorised


def test_needs_enough_held_out_examples():
    training, _, samples = _split()
    with pytest.raises(ValueError, match=r"quantile 0.01: hold out at least 100"):
        memorisation(samples, training, samples[:99])

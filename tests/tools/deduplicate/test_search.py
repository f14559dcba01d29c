"""The index finds the pairs that a comparison of all pairs finds."""

import numpy as np
import pytest

from gans_jax.tools.deduplicate import search
from gans_jax.tools.deduplicate.search import Chunks, MultiIndex


def planted(seed: int, num: int) -> np.ndarray:
    """Codes with skewed bits, a third of which are others with up to about 20 bits flipped."""
    rng = np.random.default_rng(seed)
    bits = rng.random((num, 128)) < rng.random(128)
    copies, originals = rng.integers(0, num, (2, num // 3))
    flips = rng.random((len(copies), 128)) < rng.uniform(0, 0.16, (len(copies), 1))
    bits[copies] = bits[originals] ^ flips
    return search.pack(bits)


def all_pairs(queries, codes, distance):
    return np.nonzero(search.hamming(queries[:, None], codes[None]) <= distance)


@pytest.mark.parametrize("chunks", [None, 6, 7, 13])
@pytest.mark.parametrize(("num", "distance"), [(2500, 12), (400, 30), (900, 3), (300, 0), (1, 5)])
def test_pairs_are_those_of_all_comparisons(num, distance, chunks, monkeypatch):
    monkeypatch.setattr(search, "_AT_ONCE", 100)
    codes, queries = planted(num + distance, num), planted(distance, 100)
    queries[:50] = codes[np.arange(50) % num]
    index = MultiIndex(codes, distance, chunks and Chunks.of(chunks, distance))
    for found, expected in zip(
        index.near(queries), all_pairs(queries, codes, distance), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_no_distance_is_missed_wherever_its_bits_lie():
    """A code with flips in each chunk, as evenly and as unevenly as they can be spread."""
    code = np.zeros((1, 128), bool)
    for m in (6, 7, 8, 13):
        index = MultiIndex(search.pack(code), 12, Chunks.of(m, 12))
        starts = np.linspace(0, 127, 12).astype(int)
        for bits in (starts, 127 - np.arange(12), np.arange(12), np.arange(12) * 128 // m % 128):
            query = code.copy()
            query[0, bits] = True
            assert len(index.near(search.pack(query))[0]) == 1
    far = np.zeros((1, 128), bool)
    far[0, :13] = True
    assert len(index.near(search.pack(far))[0]) == 0


def test_work_for_each_code_hardly_grows_with_the_codes():
    """Comparisons of a query in chunks that fit: 300 times the codes take 10 times as many."""
    few, many = (Chunks.fitting(num, 12)._cost(num) for num in (10_000, 3_000_000))
    assert many < 40 * few
    assert many < 3_000_000 / 200

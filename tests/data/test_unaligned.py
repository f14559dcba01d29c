"""Pairs taken apart, and the draws of a pair."""

import chex
import numpy as np

from gans_jax.data import Augment, PairedFolder, Unaligned, stream
from gans_jax.data.pairs import Paired
from tests.support.pairs import negative, noise, save

JITTER = Augment(enlarge=1.25)


def test_unaligned_orders_are_independent(beside):
    source = Unaligned(PairedFolder(beside))
    batches = stream(source, 7)
    known = sorted(noise(i).tobytes() for i in range(7))
    for t in range(3):
        a = [image.tobytes() for image in batches[t]["a"]]
        b = [negative(image).tobytes() for image in batches[t]["b"]]
        assert sorted(a) == sorted(b) == known
        assert a != b
    chex.assert_trees_all_equal(source[1], {"a": noise(1), "b": negative(noise(1))})


def test_unaligned_windows_are_independent(tmp_path):
    save(tmp_path / "0.png", np.concatenate([noise(0, 10, 10)] * 2, axis=1))
    batches = stream(Unaligned(PairedFolder(str(tmp_path), size=8, augment=JITTER)), 1)
    same = [np.array_equal(batches[t]["a"], batches[t]["b"]) for t in range(50)]
    assert 0 < sum(same) < 10  # one in 18


def test_window_depends_on_the_place_in_the_stream_alone():
    class Numbers(Paired):
        def __len__(self):
            return 3

        def pair(self, index, rng=None):
            return {"a": np.array(index), "b": rng.integers(10**9)}

    drawn = [int(x) for t in range(40) for x in stream(Numbers(), 3)[t]["b"]]
    assert len(set(drawn)) == 120
    assert drawn[10:12] == [int(stream(Numbers(), 1)[t]["b"][0]) for t in (10, 11)]

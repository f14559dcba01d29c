import threading

import numpy as np
import pytest

from gans_jax.data import Augment, DataError
from gans_jax.data.augment import Memory

RAMP = np.stack(np.meshgrid(np.arange(10), np.arange(12), indexing="ij"), -1).astype(np.uint8)


def windows(augment, size, count=200):
    """(top, left, mirrored) of windows of an image whose pixels are their own coordinates."""
    for position in range(count):
        (cut,) = augment.window([RAMP], size, np.random.default_rng(position))
        left, right = cut[0, 0, 1], cut[0, -1, 1]
        yield int(cut[0, 0, 0]), int(min(left, right)), bool(left > right)


def test_every_window_and_both_directions_occur():
    found = set(windows(Augment(), 8, 600))
    assert found == {(t, left, m) for t in range(3) for left in range(5) for m in (False, True)}


def test_half_are_mirrored():
    mirrored = [m for _, _, m in windows(Augment(), 8, 1000)]
    assert abs(np.mean(mirrored) - 0.5) < 0.06


def test_without_flip_none_is_mirrored():
    assert not any(m for _, _, m in windows(Augment(flip=False), 8))


def test_not_enlarged_keeps_the_centre():
    assert set(windows(Augment(enlarge=1, flip=False), 8)) == {(1, 2, False)}


def test_without_random_numbers_the_centre_is_kept():
    (cut,) = Augment().window([RAMP], 8, None)
    np.testing.assert_array_equal(cut, RAMP[1:9, 2:10])


def test_without_size_the_whole_image_is_kept():
    (cut,) = Augment(enlarge=1, flip=False).window([RAMP], None, np.random.default_rng(0))
    np.testing.assert_array_equal(cut, RAMP)


def test_all_images_share_the_window():
    for seed in range(20):
        a, b = Augment().window([RAMP, 255 - RAMP], 8, np.random.default_rng(seed))
        np.testing.assert_array_equal(a, 255 - b)


def test_a_window_is_a_copy():
    (cut,) = Augment().window([RAMP], 8, None)
    assert cut.flags.c_contiguous
    assert not np.shares_memory(cut, RAMP)


def test_window_larger_than_the_image():
    with pytest.raises(DataError, match=r"enlarged 0.9 times .* choose >= 1"):
        Augment(enlarge=0.9)


def test_memory_keeps_what_fits():
    made = []

    def make(key):
        made.append(key)
        return [np.full(10, key, np.uint8)]

    memory = Memory(25)
    for _ in range(2):
        for key in range(4):
            assert memory.get(key, lambda key=key: make(key))[0][0] == key
    assert made == [0, 1, 2, 3, 2, 3]


def test_memory_counts_an_array_once_that_two_threads_made():
    memory, barrier = Memory(20), threading.Barrier(2, timeout=60)

    def make():
        barrier.wait()
        return [np.zeros(10, np.uint8)]

    threads = [threading.Thread(target=memory.get, args=(0, make)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one = memory.get(1, lambda: [np.ones(10, np.uint8)])
    assert memory.get(1, list) is one
    assert memory.get(2, list) == []

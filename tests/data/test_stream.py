import dataclasses
import itertools
import queue
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from gans_jax.data import DataError, GaussianRing, prefetch, stream
from gans_jax.data.order import generator, permutation, shuffled
from gans_jax.data.source import InMemory


@dataclasses.dataclass(frozen=True)
class Count(InMemory):
    """Example i is the number i."""

    num: int = 10

    @property
    def arrays(self):
        return {"image": np.arange(self.num), "label": -np.arange(self.num)}


class Lazy:
    """The numbers below ten, one at a time; some are unreadable or of another shape."""

    def __init__(self, broken=(), wide=(), bare=()):
        self.broken, self.wide, self.bare = broken, wide, bare

    def __len__(self):
        return 10

    def __getitem__(self, index):
        assert type(index) is int
        if index in self.broken:
            raise DataError(f"example {index} is broken")
        image = np.full(2 if index in self.wide else 1, index)
        return {"image": image} if index in self.bare else {"image": image, "label": np.array(0)}


def critic_first(extra, every):
    """A method that takes `extra` critic iterations more than one in every `every`-th step."""

    def before(t):
        return t + extra * -(-t // every)

    return SimpleNamespace(
        batch_axis=1,
        minibatches=lambda t: range(before(t), before(t + 1)),
    )


def images(batches, count):
    return np.concatenate([batches[t]["image"].reshape(-1) for t in range(count)])


def test_every_epoch_is_a_new_permutation():
    order = images(stream(Count(10), 4), 10).reshape(4, 10)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(10), (4, 1)))
    assert len({tuple(epoch) for epoch in order} | {tuple(range(10))}) == 5


def test_batch_is_a_function_of_seed_and_iteration():
    first, again = stream(Count(), 4, seed=3), stream(Count(), 4, seed=3)
    late = first[7]["image"]
    np.testing.assert_array_equal(images(first, 9), images(again, 9))
    np.testing.assert_array_equal(again[7]["image"], late)
    assert not np.array_equal(images(stream(Count(), 4, seed=4), 9), images(first, 9))


def test_order_is_pinned_across_versions():
    np.testing.assert_array_equal(
        stream(Count(), 10, seed=5)[1]["image"], [7, 4, 8, 3, 5, 1, 6, 9, 0, 2]
    )


def test_seeds_do_not_share_epochs():
    epochs = [tuple(stream(Count(), 10, seed=s)[t]["image"]) for s in range(4) for t in range(4)]
    assert len(set(epochs)) == 16


def test_keys_stay_together():
    batch = stream(Count(), 4)[2]
    assert set(batch) == {"image", "label"}
    assert batch["image"].shape == (4,)
    np.testing.assert_array_equal(batch["label"], -batch["image"])


def test_images_stay_uint8():
    source = Lazy()
    source.__class__ = type(
        "Bytes", (Lazy,), {"__getitem__": lambda s, i: {"image": np.uint8([i])}}
    )
    assert stream(source, 4)[0]["image"].dtype == np.uint8


def test_lazy_source_gives_the_batches_of_an_array():
    lazy, array = stream(Lazy(), 4, seed=1), stream(Count(), 4, seed=1)
    np.testing.assert_array_equal(images(lazy, 6), images(array, 6))


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("method", [None, critic_first(2, 3)])
def test_shards_in_a_row_are_the_global_batch(count, method):
    whole = stream(Count(), 8, seed=2, method=method)
    shards = [stream(Count(), 8, 2, method, shard=(i, count)) for i in range(count)]
    axis = 0 if method is None else 1
    for t in range(5):
        parts = [shard[t]["image"] for shard in shards]
        assert parts[0].shape[axis] == 8 // count
        np.testing.assert_array_equal(np.concatenate(parts, axis), whole[t]["image"])


def test_critic_minibatches_continue_where_the_last_iteration_ended():
    flat, nested = stream(Count(), 4), stream(Count(), 4, method=critic_first(2, 3))
    assert [nested[t]["label"].shape for t in range(5)] == [(k, 4) for k in (3, 1, 1, 3, 1)]
    np.testing.assert_array_equal(images(nested, 5), images(flat, 9))


def test_one_critic_iteration_keeps_its_axis():
    assert stream(Count(), 4, method=critic_first(0, 1))[0]["image"].shape == (1, 4)


def test_method_without_critic_iterations():
    assert stream(Count(), 4, method=SimpleNamespace(batch_axis=0))[0]["image"].shape == (4,)


@pytest.mark.parametrize("method", [None, critic_first(2, 3)])
def test_prefetch_equals_indexing(method):
    batches = stream(Lazy(), 4, method=method)
    fetched = list(batches.prefetch(3, 20, threads=3))
    assert len(fetched) == 17
    for t, batch in enumerate(fetched, start=3):
        np.testing.assert_array_equal(batch["image"], batches[t]["image"])
    assert list(batches.prefetch(5, 5)) == []


def test_prefetch_ends_while_its_threads_take_what_is_left(monkeypatch):
    """They may take the last argument between a question whether there is one and its removal."""

    class Taken(queue.SimpleQueue):
        def empty(self):
            return False

    monkeypatch.setattr(prefetch.queue, "SimpleQueue", Taken)
    batches = prefetch.Prefetched(lambda x: x, range(4), threads=2, buffer=4)
    assert [*batches] == [0, 1, 2, 3]
    batches.close()


def test_prefetch_raises_at_the_batch_that_fails():
    batches = stream(Lazy(), 2)
    bad = int(batches[3]["image"][0, 0])
    fetched = stream(Lazy(broken=[bad]), 2).prefetch(0, 5)
    for t in range(3):
        np.testing.assert_array_equal(next(fetched)["image"], batches[t]["image"])
    with pytest.raises(DataError, match=f"example {bad} is broken"):
        next(fetched)


def test_too_few_examples():
    with pytest.raises(DataError, match="10 examples, fewer than batch_size 11: lower"):
        stream(Count(10), 11)


def test_shards_that_do_not_divide_the_batch():
    with pytest.raises(DataError, match=r"batch_size 10 .* 4 shards: choose a positive multiple"):
        stream(Count(), 10, shard=(0, 4))


@pytest.mark.parametrize("batch_size", [0, -2])
def test_batch_size_below_one(batch_size):
    with pytest.raises(DataError, match=f"batch_size {batch_size} "):
        stream(Count(), batch_size)


@pytest.mark.parametrize("shard", [(2, 2), (-1, 2), (0, 0)])
def test_shard_that_does_not_exist(shard):
    with pytest.raises(DataError, match=f"shard {shard[0]} of {shard[1]} does not exist"):
        stream(Count(), 4, shard=shard)


def test_negative_iteration():
    with pytest.raises(IndexError, match="-1 is not an iteration"):
        stream(Count(), 4)[-1]


def test_examples_of_different_shape_or_keys():
    with pytest.raises(DataError, match=r"'image' has shapes \[\(1,\), \(2,\)\].*`size`"):
        stream(Lazy(wide=[3]), 10)[0]
    with pytest.raises(DataError, match="different keys"):
        stream(Lazy(bare=[3]), 10)[0]


class Drawn:
    """Three examples, which tell for what they were asked."""

    def __len__(self):
        return 3

    def __getitem__(self, index):
        raise AssertionError("a stream asks `draw` alone")

    def draw(self, seed, position):
        return {"image": np.array([seed, position])}


@pytest.mark.parametrize("method", [None, critic_first(2, 3)])
def test_source_that_draws_is_asked_for_every_position_once(method):
    whole = stream(Drawn(), 2, seed=7, method=method)
    parts = [stream(Drawn(), 2, 7, method, shard=(i, 2)) for i in range(2)]
    drawn = images(whole, 5).reshape(-1, 2)
    assert (drawn[:, 0] == 7).all()
    np.testing.assert_array_equal(drawn[:, 1], np.arange(len(drawn)))
    both = np.concatenate([part[3]["image"] for part in parts], axis=0 if method is None else 1)
    np.testing.assert_array_equal(both, whole[3]["image"])


def test_order_of_one_position_is_that_of_the_stream():
    batches = stream(Count(), 4, seed=2)
    assert [shuffled(10, 2, position) for position in range(24)] == list(images(batches, 6))
    second = np.reshape([shuffled(10, 2, position, order=1) for position in range(30)], (3, 10))
    np.testing.assert_array_equal(np.sort(second, axis=1), np.tile(np.arange(10), (3, 1)))
    first = images(batches, 8)[:30].reshape(3, 10)
    assert len({tuple(epoch) for epoch in (*first, *second)}) == 6


def test_random_numbers_of_a_position_are_shared_with_nothing():
    keys = itertools.product((0, 1), (0, 1, 2), (0, 1))
    drawn = [generator(seed, position, order).integers(2**60) for seed, position, order in keys]
    assert len(set(drawn)) == 12
    keys = list(itertools.product(range(3), (0, 1)))
    orders = {tuple(permutation(10, 0, epoch, order)) for epoch, order in keys}
    others = {tuple(generator(0, position, order).permutation(10)) for position, order in keys}
    assert not orders & others


def test_toy_batch():
    assert stream(GaussianRing(num=100), 16)[9]["image"].shape == (16, 2)


def test_import_and_indexing_load_nothing_heavy():
    program = (
        "import sys; from gans_jax.data import Digits, stream; stream(Digits(), 8)[0]; "
        "assert 'tensorflow_datasets' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)

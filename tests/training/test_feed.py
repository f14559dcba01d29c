"""How many batches a run reads ahead, and that the next one is on its way while a step runs."""

import jax
import pytest

from gans_jax import data
from gans_jax.training import feed, recorder, train
from gans_jax.training.layout import Layout

BATCH = 16 * 2 * 4  # bytes of 16 points in float32


@pytest.mark.parametrize(
    ("cores", "memory", "seeds", "threads"),
    [
        (1, 2**30, 1, 2),
        (12, 2**30, 1, 12),
        (200, 2**30, 1, feed.MOST_THREADS),
        (12, 10 * BATCH, 1, 5),
        (12, BATCH, 1, 2),
        (4, 2**30, 3, 6),
    ],
)
def test_threads_follow_the_cores_and_the_memory(tiny, monkeypatch, cores, memory, seeds, threads):
    monkeypatch.setattr(feed, "CORES", cores)
    monkeypatch.setattr(feed, "AHEAD", memory)
    experiment = tiny(data=data.GaussianRing(num=200))
    found = feed.Feed(experiment, Layout(tuple(range(seeds)), stacked=seeds > 1), 0, (0, 1))
    assert found.threads == threads


def test_no_more_batches_are_read_ahead_than_two_a_thread(tiny, monkeypatch):
    read = []

    class Recording(feed.Feed):
        def checked(self, reader, place):
            read.append(place)
            return super().checked(reader, place)

    monkeypatch.setattr(feed, "CORES", 3)
    recording = Recording(tiny(iterations=100), Layout((0,)), 0, (0, 1))
    batches = feed.Batches(recording, 0, None, keys=jax.random.key)
    for taken in range(1, 6):
        batches.take(lambda: 0)
        while not all(future.done() for future in batches._ahead._ahead):
            pass
        assert len(read) == taken + 6
    batches.close()


@pytest.mark.parametrize(
    ("backend", "order"),
    [("cpu", ["put", "wait"] * 4), ("gpu", ["put", "put", *["wait", "put"] * 2, "wait"])],
)
def test_an_accelerator_gets_the_next_batch_while_it_computes(
    tiny, tmp_path, monkeypatch, backend, order
):
    put, is_finite, found = Layout.put, recorder.is_finite, []
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    monkeypatch.setattr(Layout, "put", lambda *a: found.append("put") or put(*a))
    monkeypatch.setattr(recorder, "is_finite", lambda o: found.append("wait") or is_finite(o))
    train(tiny(iterations=4), tmp_path / "run", progress=False)
    assert found == order

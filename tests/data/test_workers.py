"""Batches that processes read are those that threads read, and their errors arrive."""

import dataclasses
import os
import signal
import threading

import numpy as np
import pytest
from PIL import Image

from gans_jax import data
from gans_jax.data import DataError


@pytest.fixture
def started(request):
    """Starts workers, and ends them after the test."""
    found = []

    def start(streams, num=2):
        found.append(data.Workers(streams, num))
        return found[-1]

    yield start
    for workers in found:
        workers.close()


@pytest.fixture
def photos(tmp_path):
    for value in range(12):
        Image.new("RGB", (8, 8), (20 * value,) * 3).save(tmp_path / f"{value:02d}.png")
    return data.ImageFolder(str(tmp_path), size=4)


@dataclasses.dataclass(frozen=True)
class Strange:
    """A source with an error of its own, which no other process can make again."""

    what: str = "raises"
    owner: int = dataclasses.field(default_factory=os.getpid)

    def __len__(self):
        return 8

    def __getitem__(self, index):
        if os.getpid() == self.owner:
            return {"image": np.zeros(2)}
        if self.what == "raises":
            raise Unsendable(1, 2)
        os.kill(os.getpid(), signal.SIGKILL)


class Unsendable(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def test_batches_are_the_same_in_any_process_and_order(photos, started):
    streams = [data.stream(photos, 5, seed) for seed in (0, 1)]
    workers = started(streams)
    found = {}

    def read(number):
        for t in (3, 0, 7):
            found[number, t] = workers.read(number, t)

    threads = [threading.Thread(target=read, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    for (number, t), batch in found.items():
        np.testing.assert_array_equal(batch["image"], streams[number][t]["image"])
        assert batch["image"].dtype == np.uint8


@dataclasses.dataclass(frozen=True)
class Growing:
    """As a method whose later iterations take more minibatches than the first."""

    batch_axis = 1

    def minibatches(self, t):
        return range(t * (t + 1) // 2, (t + 1) * (t + 2) // 2)


def test_a_batch_that_is_larger_than_the_first_arrives(photos, started):
    stream = data.stream(photos, 3, method=Growing())
    workers = started([stream], 1)
    for t in (2, 0, 5):
        batch = workers.read(0, t)
        assert batch["image"].shape[0] == t + 1
        np.testing.assert_array_equal(batch["image"], stream[t]["image"])


def test_an_error_of_the_source_arrives_and_the_process_goes_on(photos, started, tmp_path):
    stream = data.stream(photos, 12)
    workers = started([stream], 1)
    workers.read(0, 0)
    (tmp_path / "05.png").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"05.png cannot be read"):
        workers.read(0, 0)
    Image.new("RGB", (8, 8)).save(tmp_path / "05.png")
    np.testing.assert_array_equal(workers.read(0, 0)["image"], stream[0]["image"])


def test_an_error_that_cannot_be_sent_arrives_in_words(started):
    workers = started([data.stream(Strange(), 2)], 1)
    with pytest.raises(DataError, match=r"raised Unsendable\('1 and 2'\)"):
        workers.read(0, 0)


def test_a_process_that_ends_is_told(started):
    workers = started([data.stream(Strange("ends"), 2)], 1)
    for _ in range(2):
        with pytest.raises(DataError, match="a process that reads data has ended"):
            workers.read(0, 0)


def test_a_source_that_cannot_be_sent_is_refused():
    @dataclasses.dataclass(frozen=True)
    class Local(Strange):
        pass

    with pytest.raises(DataError, match=r"cannot be sent to other processes .*: put classes of"):
        data.Workers([data.stream(Local(), 2)], 1)


def test_the_processes_end_with_their_owner(photos, started):
    workers = started([data.stream(photos, 5)])
    workers.read(0, 0)
    (_, _, (processes,), _) = workers.close.peek()
    assert [process.is_alive() for process in processes] == [True, True]
    workers.close()
    assert [process.is_alive() for process in processes] == [False, False]

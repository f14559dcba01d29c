"""The lock of a run in an object store: one owner at a time, whoever dies or is late."""

import threading
import time

import pytest

from gans_jax.core.store import Store, StoreError
from gans_jax.runs import ConfigError, lease
from tests.support.stores import failing


@pytest.fixture
def there(tmp_path, monkeypatch):
    """An empty folder in a store, and signs of life that come faster than usual."""
    monkeypatch.setattr(lease, "BEAT", 0.05)
    monkeypatch.setattr(lease, "SILENCE", 2.0)
    monkeypatch.setattr(lease, "SETTLE", 1.0)
    found = Store(f"memory://bucket-{tmp_path.name}/run")
    yield found
    found.remove(found.list())


def test_a_living_owner_keeps_its_lock(there, capsys):
    with lease.held(there) as ours:
        with (
            pytest.raises(ConfigError, match=r"another process trains in memory://.*\(process \d+"),
            lease.held(there),
        ):
            pass
        ours.check()
    assert "waiting 2 seconds for a sign of life" in capsys.readouterr().err
    assert there.list() == {}
    with lease.held(there) as ours:
        ours.check()


def test_the_lock_of_a_dead_owner_is_taken_over(there, capsys):
    there.write(lease.NAME, b'{"owner": "process 1 on host", "token": "dead", "beat": 7}')
    began = time.monotonic()
    with lease.held(there) as ours:
        ours.check()
    assert time.monotonic() - began >= 2
    assert there.list() == {}


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff"])
def test_a_damaged_lock_is_that_of_a_dead_owner(there, content):
    there.write(lease.NAME, content)
    with lease.held(there) as ours:
        ours.check()


def test_an_owner_that_was_late_finds_its_lock_taken(there):
    with lease.held(there) as ours:
        other = b'{"owner": "process 2 on host", "token": "other", "beat": 0}'
        there.write(lease.NAME, other)
        with pytest.raises(StoreError, match="another process has taken over memory://"):
            ours.check()
    assert there.read(lease.NAME) == other  # it is not ours to remove


def test_an_owner_whose_signs_of_life_failed_for_too_long_counts_as_late(there, monkeypatch):
    monkeypatch.setattr(lease, "SILENCE", 0.3)
    silent = lambda request, path: TimeoutError("no answer") if request == "pipe_file" else None
    with lease.held(there) as ours:
        with failing(monkeypatch, silent):
            time.sleep(1)
        assert there.read(lease.NAME)  # nobody has taken it, but somebody may have
        with pytest.raises(StoreError, match="another process has taken over"):
            ours.check()


@pytest.mark.parametrize("request_", ["cat_file", "pipe_file"])
def test_an_owner_whose_sign_of_life_is_never_answered_counts_as_late(there, monkeypatch, request_):
    monkeypatch.setattr(lease, "SILENCE", 0.3)
    asked, answered = threading.Event(), threading.Event()

    def silent(request, path):
        if request == request_ and threading.current_thread().name == "lease":
            asked.set()
            answered.wait(30)

    with failing(monkeypatch, silent), lease.held(there) as ours:
        asked.wait(10)
        time.sleep(0.4)
        with pytest.raises(StoreError, match="another process has taken over"):
            ours.check()
        thread, began = ours._thread, time.monotonic()
    assert time.monotonic() - began < 10
    answered.set()
    thread.join()
    # What is asked too late must not remove the lock of another process.
    assert there.read(lease.NAME)


def test_of_two_that_take_over_one_owns(there, capsys):
    there.write(lease.NAME, b'{"owner": "process 1 on host", "token": "dead", "beat": 7}')
    owners, refused, ready = [], [], threading.Barrier(2)

    def take():
        ready.wait()
        try:
            with lease.held(there) as ours:
                owners.append(ours)
                time.sleep(0.3)
                ours.check()
        except ConfigError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(owners), len(refused)) == (1, 1)

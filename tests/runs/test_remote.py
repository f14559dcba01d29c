"""Runs in object stores: nothing half, nothing lost, and the same to the bit as in a folder."""

import json
import os
import shutil

import jax
import numpy as np
import pytest

from gans_jax.core import files, store
from gans_jax.core.store import Store, StoreError
from gans_jax.runs import lease, remote
from gans_jax.training import CheckpointError, ConfigError, Interrupted, load, resume, train
from tests.support.stores import SilentFrom, failing


@pytest.fixture
def there(tmp_path, monkeypatch):
    """An empty folder in a store, and a home of its own for what is not published."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "PAUSES", (0.0,))
    monkeypatch.setattr(lease, "SILENCE", 0.3)
    monkeypatch.setattr(lease, "SETTLE", 0.0)
    found = Store(f"memory://bucket-{tmp_path.name}/run")
    yield found
    found.remove(found.list())


def equal(a, b):
    jax.tree.map(np.testing.assert_array_equal, *(jax.tree.map(np.array, each) for each in (a, b)))


def staged():
    """The files of this machine that were not published."""
    return [path for path in (files.cache_folder() / "runs").rglob("*") if path.is_file()]


class Stopping:
    """A callback that ends the run with an error."""

    def __init__(self, at, error=None):
        self.at, self.error = at, error or RuntimeError("stopped")

    def after(self, done, state, metrics):
        if done == self.at:
            raise self.error


def test_a_run_in_a_store_is_the_run_in_a_folder(tiny, there, tmp_path):
    expected = train(tiny(checkpoint_every=4), tmp_path / "folder", progress=False)
    equal(train(tiny(checkpoint_every=4), there.address, progress=False), expected)
    equal(load(there.address)[1], expected)
    assert not staged()
    found = there.list()
    here = {path.relative_to(tmp_path / "folder") for path in (tmp_path / "folder").rglob("*")}
    names = {path.as_posix() for path in here if (tmp_path / "folder" / path).is_file()}
    stable = lambda all_names: {n for n in all_names if "/d/" not in n and "events" not in n}
    assert stable(found) == stable(names) - {".gans_jax.lock"}
    with pytest.raises(ConfigError, match=rf"{there.address} already holds a run: .* resume mem"):
        train(tiny(), there.address, progress=False)


def test_a_run_goes_on_from_a_store(tiny, there, tmp_path):
    expected = train(tiny(), tmp_path / "folder", progress=False)
    with pytest.raises(RuntimeError, match="stopped") as caught:
        train(tiny(), there.address, progress=False, callbacks=[Stopping(10)])
    assert f"resume {there.address}`" in caught.value.__notes__[-1]
    assert not staged()
    equal(resume(there.address, progress=False), expected)
    lines = there.read("metrics.jsonl").splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted({*steps})
    assert steps[-1] == 12


def test_a_store_that_fails_in_mid_run_ends_it_with_the_newest_state(
    tiny, there, tmp_path, monkeypatch
):
    run = tiny(iterations=40, checkpoint_every=4)
    expected = train(run, tmp_path / "folder", progress=False)
    with (
        failing(monkeypatch, SilentFrom("checkpoints/8")),
        pytest.raises(StoreError, match=r"memory://.*\(no answer\).*; the run is in .*resume mem"),
    ):
        train(run, there.address, progress=False)
    # What the store has is whole, and what it lacks is here.
    there.remove([lease.NAME])
    assert int(load(there.address)[1].step) == 4
    assert int(load(remote._staging(there))[1].step) > 8
    equal(resume(there.address, progress=False), expected)
    assert not staged()
    equal(load(there.address)[1], expected)


def test_a_store_that_never_answered_has_lost_nothing(tiny, there, monkeypatch):
    gone = lambda request, path: (
        ConnectionError("gone") if request == "put_file" or path.endswith("success.txt") else None
    )
    with failing(monkeypatch, gone), pytest.raises(StoreError, match="the run is in"):
        train(tiny(), there.address, progress=False)
    assert there.list() == {}
    with pytest.raises(ConfigError, match=f"{there.address} already holds a run"):
        train(tiny(), there.address, progress=False)
    assert int(resume(there.address, progress=False).step) == 12
    assert int(load(there.address)[1].step) == 12


def test_an_unpublished_run_that_another_machine_has_overtaken_gives_way(tiny, there, tmp_path):
    run = tiny(checkpoint_every=4)
    with pytest.raises(RuntimeError):
        train(run, there.address, progress=False, callbacks=[Stopping(10)])
    place = remote._staging(there)
    shutil.rmtree(place.parent, ignore_errors=True)
    place.mkdir(parents=True)
    remote._bring(there, place)  # as if this machine had died after iteration 10
    kept = tmp_path / "kept"
    place.parent.rename(kept)
    final = resume(there.address, progress=False)  # another machine
    kept.rename(place.parent)
    equal(resume(there.address, progress=False), final)
    assert not staged()


def test_another_run_that_was_not_published_is_not_thrown_away(tiny, there):
    train(tiny(), there.address, progress=False)
    place = remote._staging(there)
    place.mkdir(parents=True)
    remote._bring(there, place)
    data = json.loads((place / "data.json").read_text())
    (place / "data.json").write_text(json.dumps(data | {"run": "another"}))
    with pytest.raises(ConfigError, match=r"has another run than memory://.*move it away"):
        resume(there.address, progress=False)
    assert (place / "data.json").exists()


def test_a_step_that_was_not_written_to_its_end_does_not_count(tiny, there, monkeypatch):
    train(tiny(checkpoint_every=4), there.address, progress=False)
    there.remove(["checkpoints/12/commit_success.txt"])
    assert int(load(there.address)[1].step) == 8
    with pytest.warns(UserWarning, match="its newest one is now of iteration 8"):
        assert int(resume(there.address, progress=False).step) == 12


def test_a_step_counts_only_once_all_its_objects_are_there(tiny, there, monkeypatch):
    with failing(monkeypatch, lambda *_: None) as record:
        train(tiny(checkpoint_every=4), there.address, progress=False)
    written = [path for call, path in record.calls if call in ("put_file", "pipe_file")]
    for step in (4, 8, 12):
        own = [i for i, path in enumerate(written) if f"/checkpoints/{step}/" in path]
        marks = [i for i in own if written[i].endswith(f"/{step}/commit_success.txt")]
        assert marks == own[-1:]
        after = written[own[-1] :]
        assert any(path.endswith("saved.json") for path in after)


def test_steps_that_are_no_longer_kept_are_removed(tiny, there):
    train(tiny(checkpoint_every=2, keep=2), there.address, progress=False)
    steps = {name.split("/")[1] for name in there.list() if name.startswith("checkpoints/")}
    assert steps == {"10", "12"}


def test_several_seeds_in_a_store(tiny, there):
    states = train(tiny(checkpoint_every=4), there.address, progress=False, seeds=2)
    for seed in range(2):
        own = jax.tree.map(lambda leaf, seed=seed: leaf[seed], states)
        equal(load(f"{there.address}/seed_{seed}")[1], own)
    assert jax.tree.leaves(resume(there.address, progress=False))[0].shape[0] == 2


def test_a_signal_publishes_the_state(tiny, there):
    class Signal:
        def after(self, done, state, metrics):
            os.kill(os.getpid(), 15)

    with pytest.raises(Interrupted, match=f"resume {there.address}`"):
        train(tiny(), there.address, progress=False, callbacks=[Signal()])
    assert not staged()
    assert 0 < int(load(there.address)[1].step) < 12


def test_two_processes_cannot_train_in_one_place(tiny, there, monkeypatch):
    monkeypatch.setattr(lease, "BEAT", 0.05)
    monkeypatch.setattr(lease, "SILENCE", 2.0)
    with (
        lease.held(there),
        pytest.raises(ConfigError, match="another process trains in memory://"),
    ):
        train(tiny(), there.address, progress=False)


def test_a_run_whose_lock_was_taken_publishes_nothing_more(tiny, there):
    class Taken:
        def after(self, done, state, metrics):
            if done == 10:
                there.write(lease.NAME, b'{"token": "other"}')

    with pytest.raises(StoreError, match="another process has taken over"):
        train(tiny(checkpoint_every=4), there.address, progress=False, callbacks=[Taken()])
    assert not any(name.startswith("checkpoints/12") for name in there.list())


def test_a_place_without_a_run_is_named(there):
    there.write("other", b"1")
    for read in (load, resume):
        with pytest.raises(ConfigError, match=f"{there.address} holds no run"):
            read(there.address)
    assert there.list().keys() == {"other"}
    assert not staged()


def test_a_place_with_other_objects_is_not_used(tiny, there):
    there.write("other", b"1")
    with pytest.raises(ConfigError, match=f"{there.address} is not empty"):
        train(tiny(), there.address, progress=False)
    assert there.list().keys() == {"other"}


def test_a_reader_beside_a_run_reads_again_what_was_removed_meanwhile(tiny, there, monkeypatch):
    train(tiny(checkpoint_every=4), there.address, progress=False)
    gone = iter([FileNotFoundError("checkpoints/4")])
    fails = lambda request, path: next(gone, None) if request == "get_file" else None
    with failing(monkeypatch, fails):
        assert int(load(there.address)[1].step) == 12
    always = lambda request, path: FileNotFoundError("x") if request == "get_file" else None
    with failing(monkeypatch, always), pytest.raises((FileNotFoundError, CheckpointError)):
        load(there.address)

"""Runs in object stores: nothing half, nothing lost, and the same to the bit as in a folder."""

import dataclasses
import json
import os
import re
import shutil
import threading
import time

import jax
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from gans_jax.core import files, store
from gans_jax.core.store import Store, StoreError
from gans_jax.data import GaussianRing
from gans_jax.runs import lease, lock, mirror, remote, run_states
from gans_jax.training import CheckpointError, ConfigError, Interrupted, load, resume, train
from tests.support.stores import SilentFrom, failing


@pytest.fixture
def there(tmp_path, monkeypatch):
    """An empty folder in a store, and a home of its own for what is not published."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "PAUSES", (0.0,))
    monkeypatch.setattr(lease, "SILENCE", 0.3)
    monkeypatch.setattr(lease, "SETTLE", 0.0)
    # A slow machine must make no owner late.
    monkeypatch.setattr(lease.Lease, "_is_late", lambda lease: False)
    found = Store(f"memory://bucket-{tmp_path.name}/run")
    yield found
    found.remove(found.list())


def equal(a, b):
    jax.tree.map(np.testing.assert_array_equal, *(jax.tree.map(np.array, each) for each in (a, b)))


def staged():
    """The files of this machine that were not published."""
    found = (files.cache_folder() / "runs").rglob("*")
    return [path for path in found if path.is_file() and path.name != lock.NAME]


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


@dataclasses.dataclass(frozen=True)
class Slow(GaussianRing):
    """A source for which the loop waits."""

    def batch(self, indices):
        time.sleep(0.3)
        return super().batch(indices)


def test_a_store_that_fails_while_the_loop_waits_for_data_is_named(tiny, there, monkeypatch):
    run = tiny(iterations=100, checkpoint_every=4, data=Slow(num=200))
    with (
        failing(monkeypatch, SilentFrom("checkpoints/4")),
        pytest.raises(StoreError, match=r"\(no answer\).*; the run is in"),
    ):
        train(run, there.address, progress=False, extra=[Slow])
    assert int(load(remote._staging(there), extra=[Slow])[1].step) >= 4


def test_a_store_that_does_not_answer_delays_no_state(tiny, there, monkeypatch):
    """The upload of the state of iteration 4 ends only once the run has written its last state."""
    last_written, upload, save_all = threading.Event(), Store.upload, run_states.save_all
    written = []

    class Signal:
        def after(self, done, state, metrics):
            if done == 10:
                os.kill(os.getpid(), 15)

    def held(store, path, name):
        if name.startswith("checkpoints/4/"):
            assert last_written.wait(60), "the last state waits for the store"
        upload(store, path, name)

    def save(places, keep, step, states):
        save_all(places, keep, step, states)
        written.append(step)
        if step > 8:
            last_written.set()

    monkeypatch.setattr(Store, "upload", held)
    monkeypatch.setattr(run_states, "save_all", save)
    with pytest.raises(Interrupted):
        train(tiny(keep=9), there.address, progress=False, callbacks=[Signal()])
    assert written == [4, 8, written[-1]]
    assert int(load(there.address)[1].step) == written[-1] >= 10
    assert not staged()


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
    place.mkdir()
    remote._bring(there, place)  # as if this machine had died after iteration 10
    kept = tmp_path / "kept"
    place.rename(kept)
    final = resume(there.address, progress=False)  # another machine
    kept.rename(place)
    equal(resume(there.address, progress=False), final)
    assert not staged()


def test_another_run_that_was_not_published_is_not_thrown_away(tiny, there):
    train(tiny(), there.address, progress=False)
    place = remote._staging(there)
    place.mkdir(parents=True)
    remote._bring(there, place)
    data = json.loads((place / "data.json").read_text())
    (place / "data.json").write_text(json.dumps(data | {"run": "another"}))
    with pytest.raises(StoreError, match=r"another run in .* could not be published: move that"):
        resume(there.address, progress=False)
    assert (place / "data.json").exists()


@pytest.mark.parametrize("content", [b"{", b"[1]", b"{}", b'{"step": "x", "with": 1}', b"\xff"])
@pytest.mark.parametrize("name", ["saved.json", "config.json"])
def test_a_damaged_file_in_the_store_beside_a_newer_run_here_is_named(tiny, there, name, content):
    place = remote._staging(there)
    place.mkdir(parents=True)
    (place / "config.json").write_text('{"type": "Experiment", "with": {"iterations": 12}}')
    (place / "saved.json").write_text('{"step": 8}')
    (place / "data.json").write_text('{"run": "a"}')
    for file in ("config.json", "data.json", "saved.json"):
        there.upload(place / file, file)
    there.write(name, content)
    for use in (resume, lambda address: remote.configured(address).__enter__()):
        with pytest.raises(ConfigError, match=rf"^{there.address}/{name} is damaged \(.*\): rest"):
            use(there.address)
    assert there.read(name) == content


@pytest.mark.parametrize("lost", ["checkpoints", "config.json", "everything"])
def test_what_is_here_in_part_never_reaches_the_store(tiny, there, lost):
    """As a process leaves it that dies while it brings a run, or removes one."""
    final = train(tiny(checkpoint_every=4), there.address, progress=False)
    before = there.list()
    for name in (".incoming", ".discarded"):
        place = remote._staging(there).with_name(name)
        place.mkdir(parents=True)
        remote._bring(there, place)
        path = place if lost == "everything" else place / lost
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(ConfigError, match="cannot become 6"):
        resume(there.address, tiny(iterations=6, checkpoint_every=4), progress=False)
    assert there.list() == before
    equal(resume(there.address, progress=False), final)
    assert not staged()


def test_a_step_that_was_trained_again_takes_the_place_of_the_damaged_one(tiny, there):
    final = train(tiny(checkpoint_every=4), there.address, progress=False)
    damaged = [n for n in there.list() if n.startswith("checkpoints/12/state/") and "/d/" in n]
    for name in damaged:
        there.write(name, b"damaged")
    with pytest.warns(UserWarning, match="step 12 .* is damaged"):
        equal(resume(there.address, progress=False), final)
    assert not staged()
    equal(load(there.address)[1], final)


def test_a_run_that_this_machine_still_trains_is_left_alone(tiny, there, tmp_path):
    folder = remote._staging(there)
    folder.mkdir(parents=True)
    (folder / "notes").touch()
    with (
        lock.held(folder.parent),
        pytest.raises(ConfigError, match="another process trains in"),
    ):
        resume(there.address, progress=False)
    assert staged()
    assert there.list() == {}


def test_the_best_state_comes_before_what_tells_of_it(tiny, there, monkeypatch):
    class Better:
        """Writes a newer `best.json` while a step is uploaded, as the loop may."""

        def __init__(self):
            self.seen = False

        def __call__(self, request, path):
            file = remote._staging(there) / "best.json"
            if request == "put_file" and "checkpoints/8" in path and not self.seen:
                self.seen, found = True, json.loads(file.read_text())
                file.write_text(json.dumps(found | {"step": 1000}))
            told = request == "pipe_file" and path.endswith("best.json")
            return AssertionError("too early") if told and self.seen_step(file) == 1000 else None

        def seen_step(self, file):
            return json.loads(there.read("best.json"))["step"] if "best.json" in there.list() else 0

    run = tiny(iterations=8, checkpoint_every=4, evaluate_every=4, evaluate_num=50)
    better = Better()
    with failing(monkeypatch, better):
        train(run, there.address, progress=False)
    assert better.seen
    step = json.loads(there.read("best.json"))["step"]
    assert f"best/{step}/commit_success.txt" in there.list()


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


def test_metrics_come_before_the_steps_that_they_lead_to(tiny, there, monkeypatch):
    """A machine that dies amid a publication has published no step whose metrics are lost."""
    marks = []

    def look(request, path):
        if request == "pipe_file" and re.search(r"/checkpoints/\d+/commit_success.txt$", path):
            lines = MemoryFileSystem().store[f"{there._root}/metrics.jsonl"].getvalue().splitlines()
            step = int(path.split("/")[-2])
            marks.append((step, json.loads(lines[-1])["step"]))

    with failing(monkeypatch, look):
        train(tiny(checkpoint_every=4, log_every=1), there.address, progress=False)
    assert [step for step, _ in marks] == [4, 8, 12]
    assert all(logged >= step for step, logged in marks)


def test_a_run_whose_metrics_are_ahead_of_its_steps_goes_on(tiny, there):
    run = tiny(checkpoint_every=4, log_every=1)
    train(run, there.address, progress=False)
    lines = there.read("metrics.jsonl")
    there.remove([name for name in there.list() if name.startswith("checkpoints/12")])
    there.write("saved.json", b'{"step": 8}')
    resume(there.address, progress=False)
    again = there.read("metrics.jsonl")
    steps = lambda text: [json.loads(line)["step"] for line in text.splitlines()]
    assert steps(again) == steps(lines)


@pytest.mark.parametrize("name", ["metrics.jsonl", "seed_0/events/events.out", "notes.txt"])
def test_a_file_that_grows_while_it_is_sent_is_sent_as_it_was(there, tmp_path, monkeypatch, name):
    """gcsfs fails if a large file grows meanwhile."""
    folder = tmp_path / "here" / "run"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(b"first\n")
    (folder / "config.json").write_text("{}")
    growing = name != "notes.txt"

    def grow(request, path):
        if request == "put_file" and path.endswith(name) and growing:
            with (folder / name).open("ab") as file:
                file.write(b"second\n")

    with lease.held(there) as ours:
        place = mirror.Mirror(there, folder, ours, {})
        with failing(monkeypatch, grow):
            place.publish()
        assert there.read(name) == b"first\n"
        place.publish()  # what it has more by now
    assert there.read(name) == (folder / name).read_bytes()
    assert [path.name for path in folder.parent.rglob("*") if path.is_file()].count(
        (folder / name).name
    ) == 1


def test_a_file_here_that_cannot_be_read_is_named_with_where_the_run_is(tiny, there, monkeypatch):
    def refuse(store_, file, name):
        raise PermissionError(13, "Permission denied", os.fspath(file))

    monkeypatch.setattr(Store, "upload", refuse)
    words = r"cannot be copied \(Permission denied\): make room .*; the run is in .*resume mem"
    with pytest.raises(StoreError, match=words):
        train(tiny(), there.address, progress=False)
    assert int(load(remote._staging(there))[1].step) > 0


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


class TakenAt:
    """Gives the lock to another process in the `time`-th of some requests; notes later changes."""

    def __init__(self, there, request, part, time):
        self.there, self.wanted, self.taken, self.late = there, (request, part), False, []
        self.left = time

    def __call__(self, request, path):
        if self.taken and request in ("put_file", "pipe_file", "rm_file"):
            self.late.append((request, path))
        self.left -= request == self.wanted[0] and self.wanted[1] in path
        if not self.taken and self.left == 0:
            with MemoryFileSystem().open(f"{self.there._root}/{lease.NAME}", "wb") as file:
                file.write(b'{"token": "other"}')
            self.taken = True


@pytest.mark.parametrize(
    ("request_", "part", "time", "batch"),
    [
        ("find", "", 1, "nothing"),
        ("put_file", "checkpoints/8/", 1, "checkpoints/8/"),
        ("pipe_file", "checkpoints/8/commit_success.txt", 1, "nothing"),
        ("pipe_file", "checkpoints/4/commit_success.txt", 1, "nothing"),
        ("pipe_file", "best/4/commit_success.txt", 1, "nothing"),
        ("pipe_file", "best.json", 1, "nothing"),
        ("put_file", "saved.json", 2, "nothing"),
    ],
)
def test_an_owner_that_loses_its_lock_while_it_publishes_begins_nothing_more(
    tiny, there, monkeypatch, request_, part, time, batch
):
    """But for the requests of the batch that is under way."""
    run = tiny(iterations=8, checkpoint_every=4, evaluate_every=4, evaluate_num=50, keep=1)
    taken = TakenAt(there, request_, part, time)
    with (
        failing(monkeypatch, taken),
        pytest.raises(StoreError, match="another process has taken over"),
    ):
        train(run, there.address, progress=False)
    assert taken.taken
    assert not [path for _, path in taken.late if batch not in path]
    mark = f"{there._root}/checkpoints/8/commit_success.txt"
    assert ("pipe_file", mark) not in taken.late


def test_a_request_is_not_repeated_by_an_owner_that_is_late(tiny, there, monkeypatch):
    monkeypatch.setattr(store, "PAUSES", (0.0,) * 20)
    asked = []

    def silent(request, path):
        if request == "put_file" and "checkpoints/4" in path:
            asked.append(path)
            monkeypatch.setattr(lease.Lease, "_is_late", lambda lease: True)
            return TimeoutError("no answer")

    with (
        failing(monkeypatch, silent),
        pytest.raises(StoreError, match="another process has taken over"),
    ):
        train(tiny(checkpoint_every=4), there.address, progress=False)
    assert len(asked) == len({*asked})


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

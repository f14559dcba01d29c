"""Folders of runs that are being made, and that several processes want."""

import os
import subprocess
import sys

import pytest

from gans_jax.core import files
from gans_jax.runs import folder, lock
from gans_jax.training import ConfigError, loop, resume, train
from gans_jax.training.recorder import Recorder


@pytest.fixture
def untrained(monkeypatch):
    """Makes `train` and `resume` stop where the first iteration would be compiled."""
    monkeypatch.setattr(loop, "_run", lambda *_: None)


def begin_and_interrupt(monkeypatch, at, *arguments, **options):
    """Trains, and presses Ctrl-C when the `at`-th file of the folder is to be written."""
    count, original = [], files.write

    def write(path, content):
        count.append(path)
        if len(count) == at:
            raise KeyboardInterrupt
        original(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", write)
        with pytest.raises(KeyboardInterrupt):
            train(*arguments, progress=False, **options)


@pytest.mark.parametrize(("at", "seeds"), [(1, None), (2, None), (1, 2), (2, 2), (4, 2)])
def test_a_half_made_folder_is_no_run(untrained, tiny, tmp_path, monkeypatch, at, seeds):
    workdir, experiment = tmp_path / "run", tiny(seed=5)
    begin_and_interrupt(monkeypatch, at, experiment, workdir, seeds=seeds)
    assert any(workdir.iterdir())
    with pytest.raises(ConfigError, match="holds no run"):
        folder.read_experiment(workdir if seeds is None else workdir / "seed_5")
    train(tiny(seed=6), workdir, progress=False)
    assert folder.read_experiment(workdir).seed == 6
    assert not list(workdir.glob("seed_*"))


@pytest.mark.parametrize("seeds", [None, 2])
def test_a_run_that_was_stopped_before_it_began_is_no_run(tiny, tmp_path, monkeypatch, seeds):
    def interrupted(*_):
        raise KeyboardInterrupt

    workdir = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(loop, "_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(tiny(seed=5), workdir, progress=False, seeds=seeds)
    assert not list(workdir.rglob("config.json"))
    final = train(tiny(seed=6, iterations=2), workdir, progress=False)
    assert int(final.step) == 2
    with monkeypatch.context() as patch:
        patch.setattr(loop, "_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            resume(workdir, progress=False)
    assert folder.read_experiment(workdir).seed == 6


@pytest.mark.parametrize("seeds", [None, 2])
def test_a_run_that_fails_in_its_first_iteration_leaves_the_folder_to_the_next(
    tiny, tmp_path, monkeypatch, seeds
):
    workdir, begun = tmp_path / "run", []

    def fails(*_):
        begun.extend(path.name for path in workdir.rglob("*"))
        raise FloatingPointError("critic_loss is nan after iteration 1")

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "record", fails)
        with pytest.raises(FloatingPointError, match="is nan"):
            train(tiny(seed=5), workdir, progress=False, seeds=seeds)
    assert {"config.json", "samples", "00000000.png"} <= {*begun}
    assert {path.name for path in workdir.rglob("*")} <= {lock.NAME, "seed_5", "seed_6"}
    final = train(tiny(seed=6, iterations=2), workdir, progress=False)
    assert int(final.step) == 2
    assert not list(workdir.glob("seed_*"))


@pytest.mark.parametrize("name", ["metrics.jsonl", "checkpoints/step", "samples/00000004.png"])
def test_a_run_that_fails_later_keeps_its_folder(tiny, tmp_path, monkeypatch, name):
    def fails(recorder, *_):
        path = recorder.workdir / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
        raise FloatingPointError("critic_loss is nan after iteration 5")

    monkeypatch.setattr(Recorder, "record", fails)
    with pytest.raises(FloatingPointError, match="is nan"):
        train(tiny(seed=5), tmp_path / "run", progress=False)
    assert folder.read_experiment(tmp_path / "run").seed == 5


@pytest.mark.parametrize("names", [["notes.txt"], ["data.json"], ["seed_1/config.json"]])
def test_files_of_others_are_never_taken_for_a_half_made_run(tiny, tmp_path, names):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigError, match=r"is not empty|already holds a run"):
        train(tiny(), tmp_path, progress=False)
    assert sorted(tmp_path.rglob("*")) == before


def test_one_process_at_a_time_trains_in_a_folder(untrained, tiny, tmp_path):
    workdir = tmp_path / "run"
    train(tiny(), workdir, progress=False, seeds=2)
    words = rf"another process trains in {workdir}.* \(process {os.getpid()} on .*\): wait until"
    for place in (workdir, workdir / "seed_0"):
        with lock.held(place), pytest.raises(ConfigError, match=words):
            resume(workdir, progress=False)
    with lock.held(workdir / "seed_0"):
        assert folder.read_experiment(workdir / "seed_0").seed == 0
        resume(workdir / "seed_1", progress=False)
    resume(workdir, progress=False)


def test_the_system_lets_go_of_the_folder_of_a_process_that_was_killed(tmp_path):
    program = (
        "import sys, fcntl, time\n"
        f"file = open({str(tmp_path / lock.NAME)!r}, 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(ConfigError, match="another process trains"), lock.held(tmp_path):
            pass
        process.kill()
        process.wait()
    with lock.held(tmp_path):
        pass


def test_a_file_system_without_locks_is_a_warning(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with pytest.warns(UserWarning, match=r"cannot be locked \(Function not"), lock.held(tmp_path):
        pass


def test_too_many_iterations_are_refused(tiny):
    with pytest.raises(ValueError, match=r"iterations must be below 2\^31, but is 2147483648"):
        tiny(iterations=2**31)


def test_a_name_that_is_not_utf8_is_refused_before_anything_is_made(tiny, tmp_path):
    with pytest.raises(ConfigError, match=r"r\\udcff is not UTF-8: choose another name"):
        train(tiny(), tmp_path / "r\udcff", progress=False)
    assert not list(tmp_path.iterdir())

"""What becomes of a run when its data stall, change or are damaged, or anything else fails."""

import dataclasses
import os
import signal
import threading
from typing import ClassVar

import numpy as np
import pytest

from gans_jax import pictures
from gans_jax.data import DataError
from gans_jax.training import (
    CheckpointError,
    Checkpoints,
    ConfigError,
    Interrupted,
    feed,
    load,
    recorder,
    resume,
    train,
)
from gans_jax.training.observers import MetricsLog, SavedStates
from tests.support.tiny import assert_same_bits

RARE = {"log_every": 100, "sample_every": 100, "checkpoint_every": 100}


@dataclasses.dataclass(frozen=True)
class Points:
    """Points on the circle in order. From the first one of iteration 8 on, something is wrong."""

    num: int = 400
    wrong: ClassVar = None
    over: ClassVar[threading.Event]

    def __len__(self):
        return self.num

    def __getitem__(self, index):
        return {"image": np.array([np.cos(index), np.sin(index)], np.float32)}

    def draw(self, seed, position):
        example = self[position]
        return Points.wrong(example) if Points.wrong and position >= 7 * 16 else example


@pytest.fixture(scope="module")
def straight(tiny, tmp_path_factory):
    """The experiment, and its state where nothing is wrong."""
    experiment = tiny(data=Points(), **RARE)
    folder = tmp_path_factory.mktemp("points")
    return experiment, train(experiment, folder / "straight", progress=False)


@pytest.fixture
def spoil(monkeypatch):
    return lambda wrong: monkeypatch.setattr(Points, "wrong", wrong)


@pytest.fixture
def stall(spoil):
    """Makes the source silent from iteration 8 on, until the test is over."""
    Points.over = threading.Event()
    spoil(lambda example: Points.over.wait() and example)
    yield
    Points.over.set()


@pytest.fixture(autouse=True)
def no_report(monkeypatch):
    """A report takes longer than a run."""
    monkeypatch.setattr(recorder, "write_report", lambda workdir, experiment: None)


def saved(workdir):
    return int(load(workdir, [Points])[1].step)


@pytest.mark.usefixtures("stall")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_whose_data_stall(straight, tmp_path, monkeypatch, number):
    def warn(text, **_):
        if "for iteration 8 in 0 s, and the run waits for it; --data-timeout" in text:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(feed, "SILENCE", 0)
    monkeypatch.setattr(feed.warnings, "warn", warn)
    with pytest.raises(Interrupted, match="after iteration 7, whose state is saved") as stop:
        train(straight[0], tmp_path / "run", progress=False)
    assert stop.value.number == number
    assert saved(tmp_path / "run") == 7
    monkeypatch.setattr(Points, "wrong", None)
    assert_same_bits(resume(tmp_path / "run", extra=[Points], progress=False), straight[1])


@pytest.mark.usefixtures("stall")
def test_a_source_that_is_silent_for_too_long_is_named(straight, tmp_path):
    words = r"no batch for iteration 8 in \d s, and --data-timeout is 0.1 s: .*; the state after it"
    with pytest.raises(DataError, match=words):
        train(straight[0], tmp_path / "run", progress=False, data_timeout=0.1)
    assert saved(tmp_path / "run") == 7


def leave(example):
    raise SystemExit(3)


def nan(example):
    return {"image": np.float32([0, np.nan])}


def stop_iterating(example):
    raise StopIteration


FLOAT, POINTS = np.float32, np.float32([0, 0])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (leave, r"reading the data raised SystemExit\(3\): raise a DataError there instead"),
        (stop_iterating, r"reading the data raised StopIteration\(\)"),
        (
            lambda example: {"image": np.uint8([0, 0])},
            r"iteration 8 has `image` of type uint8 and shape \[1, 16, 2\], but the first one has "
            r"type float32 and shape \[1, 16, 2\]: make all examples of the source alike",
        ),
        (lambda example: {"image": FLOAT([0, 0, 0])}, r"type float32 and shape \[1, 16, 3\], but"),
        (lambda example: {"a": POINTS, "b": POINTS}, "iteration 8 has a, b, but the first one has"),
        (nan, "iteration 8 holds NaN in `image`: repair"),
        (lambda example: {"image": FLOAT([0, -np.inf])}, "8 holds an infinite number in `image`"),
        (lambda example: {"image": FLOAT([0, -1e38])}, "8 holds -1e.38, which is out of range, in"),
    ],
)
def test_data_that_go_wrong_are_named_and_cost_nothing(straight, spoil, tmp_path, wrong, words):
    spoil(wrong)
    with pytest.raises(DataError, match=f"{words}.*; the state after iteration 7 is saved: "):
        train(straight[0], tmp_path / "run", progress=False)
    assert saved(tmp_path / "run") == 7


def test_the_first_batch_is_examined_before_there_is_a_folder(straight, tmp_path, monkeypatch):
    for wrong, words in (
        (leave, r"raised SystemExit\(3\)"),
        (nan, "iteration 1 holds NaN in `image`"),
    ):
        monkeypatch.setattr(Points, "draw", lambda points, *_, wrong=wrong: wrong(points[0]))
        with pytest.raises(DataError, match=words):
            train(straight[0], tmp_path / "run", progress=False)
        assert not (tmp_path / "run").exists()


def test_a_state_that_could_not_be_saved_is_not_tried_again(straight, tmp_path, monkeypatch):
    def save(states, done, state, last):
        raise CheckpointError("differs between the devices")

    monkeypatch.setattr(SavedStates, "save", save)
    experiment = dataclasses.replace(straight[0], checkpoint_every=4)
    with pytest.raises(CheckpointError, match="differs") as error:
        train(experiment, tmp_path / "run", progress=False)
    assert not hasattr(error.value, "__notes__")
    with Checkpoints(tmp_path / "run/checkpoints") as checkpoints:
        assert checkpoints.steps() == []


@pytest.mark.parametrize(
    ("owner", "name", "every", "kind"),
    [
        (MetricsLog, "write", {"log_every": 1}, RuntimeError),
        (pictures, "save", {"sample_every": 1}, CheckpointError),
        (MetricsLog, "advance", {}, SystemExit),
    ],
)
def test_any_other_error_costs_nothing_either(
    straight, tmp_path, monkeypatch, owner, name, every, kind
):
    original, done = getattr(owner, name), []

    def fail(*arguments):
        done.append(1)
        if len(done) == 8:
            raise kind("of the user's own")
        return original(*arguments)

    experiment = dataclasses.replace(straight[0], **every)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fail)
        with pytest.raises(kind, match="of the user's own") as error:
            train(experiment, tmp_path / "run", progress=False)
    (note,) = error.value.__notes__
    step = 7 if owner is pictures else 8  # the first picture is made before the first iteration
    assert f"the state after iteration {step} is saved: " in note
    assert saved(tmp_path / "run") == step


def test_what_cannot_be_saved_hides_no_error(straight, spoil, tmp_path, monkeypatch):
    def full(states, done, state):
        raise OSError("no room")

    spoil(leave)
    monkeypatch.setattr(SavedStates, "_write", full)
    with pytest.raises(DataError, match=r"SystemExit.*; the state .* cannot be saved: no room"):
        train(straight[0], tmp_path / "run", progress=False)
    with Checkpoints(tmp_path / "run/checkpoints") as checkpoints:
        assert checkpoints.steps() == []


def test_a_signal_during_a_picture_is_obeyed(straight, tmp_path, monkeypatch):
    def save(path, picture):
        if path.name == "00000004.png":
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(pictures, "save", save)
    experiment = dataclasses.replace(straight[0], sample_every=4)
    with pytest.raises(Interrupted, match="after iteration 4, whose state is saved"):
        train(experiment, tmp_path / "run", progress=False)
    assert saved(tmp_path / "run") == 4


@pytest.mark.usefixtures("stall")
def test_threads_end_with_the_run_and_keep_no_program_from_ending(straight, tmp_path):
    before = set(threading.enumerate())
    with pytest.raises(DataError):
        train(straight[0], tmp_path / "run", progress=False, data_timeout=0.1)
    readers = [t for t in set(threading.enumerate()) - before if "_work" in t.name]
    assert readers
    assert all(thread.daemon for thread in readers)
    Points.over.set()
    for thread in readers:
        thread.join(30)
        assert not thread.is_alive()


def test_a_run_goes_on_with_the_type_of_batches_that_it_began_with(straight, tmp_path):
    workdir, experiment = tmp_path / "run", straight[0]
    train(dataclasses.replace(experiment, iterations=4), workdir, progress=False)
    text = (workdir / "data.json").read_text()
    (workdir / "data.json").write_text(text.replace("float32", "uint8"))
    words = (
        r"began with batches of image uint8\[1, 16, 2\], but its data now give image float32\[1, 16"
    )
    with pytest.raises(ConfigError, match=words):
        resume(workdir, experiment, extra=[Points], progress=False)

"""States are saved beside the loop as they were, one at a time, and their errors end the run."""

import dataclasses
import os
import signal
import threading
import time
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import core, priors
from gans_jax.runs import record, run_states
from gans_jax.training import CheckpointError, Checkpoints, load, resume, train
from gans_jax.training.background import Background, HostCopy, Repeated
from gans_jax.training.observers import MetricsLog
from gans_jax.training.signals import Interrupted
from tests.support.tiny import assert_same_bits

LONG = 60


def steps(workdir):
    return Checkpoints(workdir / "checkpoints").steps()


class State(NamedTuple):
    step: Any
    number: Any


def assert_is_the_state_of_four(tiny, tmp_path):
    """Step 4 of the run is the state of a run of four iterations."""
    alone = train(tiny(iterations=4), tmp_path / "alone", progress=False)
    with Checkpoints(tmp_path / "run/checkpoints") as checkpoints:
        assert_same_bits(checkpoints.restore(alone, 4)[1], alone)


@dataclasses.dataclass(frozen=True)
class Breaking(core.MethodBase):
    """A method whose state, and no metric, is not finite from an iteration on."""

    at: int
    prior: ClassVar = priors.Normal(2)

    def init(self, key, batch):
        return State(jnp.int32(0), jnp.float32(0))

    def step(self, state, batch, key):
        done = state.step + 1
        return State(done, jnp.where(done < self.at, 0.0, jnp.nan)), {"loss": jnp.float32(1)}

    def sample(self, state, key, num):
        return jnp.zeros((num, 2))


@pytest.fixture
def held(monkeypatch):
    """Makes each save wait for an event, and collects the steps whose saving has begun."""
    released, begun, save_all = threading.Event(), [], run_states.save_all
    alone = threading.Lock()

    def save(places, keep, step, states):
        assert alone.acquire(blocking=False), "two states are saved at once"
        try:
            begun.append(step)
            assert released.wait(LONG), "nothing has let go of the save"
            save_all(places, keep, step, states)
        finally:
            alone.release()

    monkeypatch.setattr(run_states, "save_all", save)
    yield released, begun
    released.set()


def after_iteration(monkeypatch, wanted, function):
    """Calls a function when the loop has done so many iterations."""
    advance = MetricsLog.advance

    def call(log, done, *rest):
        if done == wanted:
            function()
        advance(log, done, *rest)

    monkeypatch.setattr(MetricsLog, "advance", call)


def test_a_copy_outlives_the_state():
    step = jax.jit(lambda tree: jax.tree.map(lambda leaf: leaf + 1, tree), donate_argnums=0)
    state = {
        "large": jnp.arange(100_000, dtype=jnp.float32),
        "small": jnp.ones(3, jnp.bfloat16),
        "empty": jnp.zeros((0, 4)),
        "scalar": jnp.int32(7),
    }
    wanted, memory = jax.tree.map(np.array, state), HostCopy(jax.eval_shape(lambda: state))
    copy = memory.take(state)
    state = step(state)
    assert_same_bits(copy, wanted)
    assert_same_bits(memory.take(state), jax.tree.map(lambda leaf: leaf + 1, wanted))
    assert copy["large"][0] == 1, "the second copy has memory of its own"


def test_a_copy_has_the_keys():
    state = {"key": jax.random.split(jax.random.key(3, impl="rbg"))}
    copy = HostCopy(jax.eval_shape(lambda: state)).take(state)
    assert copy["key"].dtype == state["key"].dtype
    assert_same_bits(*(jax.random.key_data(tree["key"]) for tree in (copy, state)))


def test_a_task_has_the_settings_of_the_one_who_asks():
    background = Background()
    with jax.enable_x64(True), jax.threefry_partitionable(False):
        wanted = record.settings()
        assert background.begin(record.settings).result() == wanted
    assert record.settings() != wanted
    background.close()


def test_the_loop_goes_on_while_a_state_is_saved(tiny, tmp_path, monkeypatch, held):
    """The save of iteration 4 ends only once iteration 7 is done."""
    released, begun = held
    after_iteration(monkeypatch, 7, released.set)
    train(tiny(keep=9), tmp_path / "run", progress=False)
    assert begun == steps(tmp_path / "run") == [4, 8, 12]
    assert_is_the_state_of_four(tiny, tmp_path)


def test_one_state_at_a_time_is_saved(tiny, tmp_path, monkeypatch, held):
    """At iteration 8 the loop waits for the save of iteration 4."""
    released, begun = held
    waits = Background.wait

    def wait(background):
        if begun == [4]:
            threading.Timer(0.2, released.set).start()
        waits(background)
        assert released.is_set() or not begun

    monkeypatch.setattr(Background, "wait", wait)
    train(tiny(keep=9), tmp_path / "run", progress=False)
    assert begun == [4, 8, 12]
    monkeypatch.undo()
    assert_is_the_state_of_four(tiny, tmp_path)


def test_those_who_ask_while_it_runs_are_served_once():
    begun, released, runs = threading.Semaphore(0), threading.Semaphore(0), []

    def function():
        runs.append(len(runs))
        begun.release()
        assert released.acquire(timeout=LONG)

    repeated = Repeated(function)
    repeated.ask()
    assert begun.acquire(timeout=LONG)
    for _ in range(3):  # what they ask for was not there when the first run began
        repeated.ask()
    released.release(2)
    repeated.wait()
    assert runs == [0, 1]
    repeated.ask()
    released.release()
    repeated.close()
    assert runs == [0, 1, 2]


def test_an_error_is_kept_for_the_one_who_waits():
    errors = [OSError("first"), None]

    def function():
        if error := errors.pop(0):
            raise error

    repeated = Repeated(function)
    repeated.ask()
    with pytest.raises(OSError, match="first"):
        repeated.wait()
    repeated.ask()
    assert repeated.failed
    repeated.close()


def until_failed(monkeypatch):
    """Makes iteration 5 wait until the state of iteration 4 could not be saved."""
    made, init = [], Background.__init__

    def note(background):
        init(background)
        made.append(background)

    def wait():
        deadline = time.monotonic() + LONG
        while not made[-1].failed:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    monkeypatch.setattr(Background, "__init__", note)
    after_iteration(monkeypatch, 5, wait)
    after_iteration(monkeypatch, 6, lambda: pytest.fail("the run goes on"))


def test_a_state_that_is_not_finite_ends_the_run(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(Background, "failed", False)  # the next save tells it, too
    experiment = dataclasses.replace(tiny(keep=1), method=Breaking(8))
    with pytest.raises(CheckpointError, match="number is not finite and is not saved") as error:
        train(experiment, tmp_path / "run", progress=False)
    assert not hasattr(error.value, "__notes__")
    assert steps(tmp_path / "run") == [4]


def test_a_state_that_cannot_be_saved_ends_the_run_at_once(tiny, tmp_path, monkeypatch):
    until_failed(monkeypatch)
    experiment = dataclasses.replace(tiny(), method=Breaking(4))
    with pytest.raises(CheckpointError, match="number is not finite and is not saved") as error:
        train(experiment, tmp_path / "run", progress=False)
    assert not hasattr(error.value, "__notes__")
    assert steps(tmp_path / "run") == []


def test_an_error_of_the_run_waits_for_the_save(tiny, tmp_path, monkeypatch, held):
    """What the error says to be saved is saved, and nothing is written after the run has ended."""
    released, begun = held

    def fail():
        threading.Timer(0.2, released.set).start()
        raise RuntimeError("of the user's own")

    after_iteration(monkeypatch, 5, fail)
    with pytest.raises(RuntimeError) as error:
        train(tiny(), tmp_path / "run", progress=False)
    assert "the state after iteration 5 is saved" in error.value.__notes__[0]
    assert begun == steps(tmp_path / "run") == [4, 5]


def test_an_error_of_a_save_is_in_the_note_of_another_error(tiny, tmp_path, monkeypatch):
    late = threading.Event()

    def full(places, keep, step, states):
        assert late.wait(LONG)
        if step == 4:
            raise CheckpointError("make room there")

    def fail():
        late.set()
        raise RuntimeError("of the user's own")

    monkeypatch.setattr(run_states, "save_all", full)
    after_iteration(monkeypatch, 5, fail)
    with pytest.raises(RuntimeError) as error:
        train(tiny(), tmp_path / "run", progress=False)
    (note,) = error.value.__notes__
    assert note == "the state after iteration 5 cannot be saved: make room there"


def test_a_signal_waits_for_the_save(tiny, tmp_path, monkeypatch, held):
    released, begun = held

    def interrupt():
        threading.Timer(0.2, released.set).start()
        os.kill(os.getpid(), signal.SIGTERM)

    experiment = tiny()
    released.set()
    straight = train(experiment, tmp_path / "straight", progress=False)
    begun.clear()
    released.clear()
    after_iteration(monkeypatch, 6, interrupt)
    with pytest.raises(Interrupted, match="after iteration 6, whose state is saved"):
        train(experiment, tmp_path / "run", progress=False)
    assert begun == steps(tmp_path / "run") == [4, 6]
    monkeypatch.undo()
    assert_same_bits(resume(tmp_path / "run", progress=False), straight)
    assert load(tmp_path / "run")[1].step == 12

"""Several processes use one run folder at once."""

import signal
import warnings

import pytest

from gans_jax.training import load
from tests.support.attacks import Runner

pytestmark = pytest.mark.slow


@pytest.fixture
def training(tmp_path):
    """A run that goes on until the test ends, and its process."""
    runner = Runner(tmp_path)
    process = runner.go_on()
    runner.wait_until(process, lambda: runner.newest() > 2)
    yield runner, process
    process.kill()
    process.join()


def test_a_reader_in_a_loop_meets_a_good_state_each_time(training):
    runner, process = training
    steps = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no step may be called damaged
        while len(steps) < 200:
            assert process.is_alive(), runner.messages.read_text()
            steps.append(int(load(runner.run)[1].step))
    assert steps == sorted(steps)
    assert steps[-1] > steps[0]
    assert not list(runner.run.rglob("*.bad*"))


def test_a_second_process_is_refused_and_the_first_goes_on(training):
    runner, process = training
    for _ in range(5):
        second = Runner(runner.folder / "second")
        second.folder.mkdir(exist_ok=True)
        other = second.start("resume", str(runner.run))
        other.join(60)
        assert other.exitcode == 1
        assert "another process" in second.messages.read_text()
        assert "Traceback" not in second.messages.read_text()
    before = runner.newest()
    runner.wait_until(process, lambda: runner.newest() > before)
    assert runner.end(process, signal.SIGTERM) == 128 + signal.SIGTERM


def test_a_killed_process_leaves_no_lock(training):
    runner, process = training
    assert runner.end(process, signal.SIGKILL) == -signal.SIGKILL
    before = runner.newest()
    again = runner.go_on()
    runner.wait_until(again, lambda: runner.newest() > before)
    assert runner.end(again, signal.SIGTERM) == 128 + signal.SIGTERM

"""A run that is ended again and again, at any time, is the run that was left alone."""

import dataclasses
import random
import signal

import pytest

from gans_jax.cli import load_file
from gans_jax.training import load, train
from tests.support.attacks import Runner, let_run
from tests.support.tiny import assert_same_bits

pytestmark = pytest.mark.slow


def assert_is_the_run_left_alone(runner, tmp_path):
    done = runner.newest()
    experiment = load_file(runner.folder / "ring.py")[0]
    alone = Runner(tmp_path / "alone")
    alone.folder.mkdir()
    shorter = dataclasses.replace(experiment, iterations=done, checkpoint_every=done)
    state = train(shorter, alone.run, progress=False)
    assert_same_bits(load(runner.run)[1], state)
    assert runner.lines()[:done] == alone.lines()
    assert [line["step"] for line in runner.lines()] == [*range(1, len(runner.lines()) + 1)]
    assert not list(runner.run.rglob("*.bad*"))


def test_forty_kills(tmp_path):
    runner, before, rng = Runner(tmp_path), 0, random.Random(0)
    for trial in range(40):
        process = runner.go_on()
        let_run(runner, process, trial, rng)
        code = runner.end(process, signal.SIGKILL)
        assert code == -signal.SIGKILL, runner.messages.read_text()
        assert runner.newest() >= before
        # After a kill the lines may be ahead of the checkpoint: the next start cuts them.
    assert_is_the_run_left_alone(runner, tmp_path)


def test_forty_signals(tmp_path):
    runner, before, saved, rng = Runner(tmp_path), 0, 0, random.Random(1)
    for trial in range(40):
        process = runner.go_on()
        let_run(runner, process, trial, rng)
        number = rng.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
        runner.messages.write_text("")
        code = runner.end(process, number)
        messages = runner.messages.read_text()
        assert code in (128 + number, -number), messages
        assert "Traceback" not in messages
        if "stopped after iteration" in messages:
            assert f"stopped after iteration {runner.newest()}, whose state is saved" in messages
            saved += 1
        assert runner.newest() >= before
        before = runner.newest()
    assert saved >= 10, "hardly a signal reached a run"
    assert_is_the_run_left_alone(runner, tmp_path)

"""Runs whose batches other processes read are the same to the bit, and end as others do."""

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from gans_jax.data import DataError, GaussianRing
from gans_jax.training import load, resume, train
from tests.support.processes import OWN, ROOT, environment
from tests.support.tiny import assert_same_bits


def test_a_run_is_the_same_whoever_reads(tiny, tmp_path):
    run = tiny(repeat=2, log_every=4, sample_every=4, checkpoint_every=4)
    expected = train(run, tmp_path / "threads", progress=False)
    found = train(run, tmp_path / "processes", progress=False, data_workers=2)
    assert_same_bits(found, expected)
    assert not multiprocessing.active_children()


def test_seeds_and_a_resumed_run_are_read_by_processes_too(tiny, tmp_path):
    train(tiny(), tmp_path / "threads", progress=False, seeds=2)
    train(tiny(iterations=6), tmp_path / "processes", progress=False, seeds=2, data_workers=1)
    resume(tmp_path / "processes", tiny(), progress=False, data_workers=2)
    for seed in ("seed_0", "seed_1"):
        assert_same_bits(
            load(tmp_path / "processes" / seed)[1], load(tmp_path / "threads" / seed)[1]
        )


def test_a_source_of_a_class_that_only_this_process_has_is_named(tiny, tmp_path):
    @dataclasses.dataclass(frozen=True)
    class Here(GaussianRing):
        pass

    with pytest.raises(DataError, match=r"cannot be sent to other processes .*or leave out --data"):
        train(
            tiny(data=Here(num=200)), tmp_path / "run", progress=False, extra=[Here], data_workers=1
        )


@pytest.mark.slow
def test_a_signal_to_all_processes_saves_the_state_and_leaves_none(tmp_path):
    ring = "data=gans_jax.data.GaussianRing(num=100)"
    (tmp_path / "own.py").write_text(OWN.replace("data=Circle()", ring))
    run = tmp_path / "run"
    command = [sys.executable, "-m", "gans_jax", "train", tmp_path / "own.py", "--workdir", run]
    command += ["--data-workers", "2", "--iterations", str(10**8), "--log-every", "1"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(1), start_new_session=True, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 120
        while not (run / "metrics.jsonl").exists() or not (run / "metrics.jsonl").read_text():
            assert time.monotonic() < deadline
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGTERM)  # as a scheduler does
        assert process.wait(60) == 128 + signal.SIGTERM, process.stderr.read()
        assert b"whose state is saved" in process.stderr.read()
        deadline = time.monotonic() + 20
        while _members(process.pid):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


def _members(group):
    """The processes of a group that still run."""
    found = subprocess.run(["ps", "-eo", "pid,pgid"], capture_output=True, text=True).stdout
    return [line for line in found.splitlines()[1:] if line.split()[1] == str(group)]

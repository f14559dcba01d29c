"""Runs that end without warning: what was saved is whole, and what follows is what would have been.

The processes come from a server that has imported what they need, so that a start takes no seconds.
"""

import json
import multiprocessing
import random
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from gans_jax.training import Checkpoints, Experiment, load
from tests.support import crashes
from tests.support.crashes import Ledger, Trapped
from tests.support.processes import OWN, ROOT, environment

pytestmark = pytest.mark.slow

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.support.crashes"])


def finish(function, *arguments, timeout=300):
    """The exit code of a process that calls the function, negative for a signal."""
    process = FORKS.Process(target=function, args=arguments)
    process.start()
    process.join(timeout)
    process.kill()
    process.join()
    return process.exitcode


def test_kill9_any_time(tmp_path):
    folder, log, ready = tmp_path / "checkpoints", tmp_path / "log", tmp_path / "ready"
    rng, unfinished = random.Random(0), 0
    for _ in range(20):
        ready.unlink(missing_ok=True)
        process = FORKS.Process(target=crashes.save_for_ever, args=(folder, log, ready))
        process.start()
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert process.is_alive(), "what was restored is not what was logged"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.5))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        unfinished += any(not path.name.isdecimal() for path in folder.glob("*"))
    assert max(crashes.logged(log)) - crashes.restore(folder, log) in (0, 1)
    assert unfinished, "no process was killed while it saved"
    assert not list(folder.glob("*.bad*"))


def test_a_reader_beside_a_run_finds_every_state(tmp_path):
    """One step is kept, so that each save deletes what may be read: no state is wrong or lost."""
    folder, log = tmp_path / "checkpoints", tmp_path / "log"
    arguments = folder, log, tmp_path / "ready", 1
    process = FORKS.Process(target=crashes.save_for_ever, args=arguments)
    process.start()
    try:
        deadline, seen = time.monotonic() + 120, set()
        while not Checkpoints(folder).steps():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        while len(seen) < 60:
            assert time.monotonic() < deadline
            seen.add(crashes.restore(folder, log))
    finally:
        process.kill()
        process.join()


def test_no_example_lost_or_doubled(tmp_path):
    """An epoch of 60 examples in 20 iterations, with five kills."""
    traps, workdir = tmp_path / "traps", tmp_path / "run"
    traps.mkdir()
    for index in random.Random(0).sample(range(60), 5):
        (traps / str(index)).touch()
    every = {"log_every": 1, "sample_every": 20, "checkpoint_every": 1, "samples": 4}
    experiment = Experiment(Ledger(60), Trapped(60, str(traps)), 20, batch_size=3, **every)
    codes = [finish(crashes.train_or_resume, workdir, experiment) for _ in range(6)]
    assert codes == [-signal.SIGKILL] * 5 + [0]
    state = load(workdir, [Ledger, Trapped])[1]
    np.testing.assert_array_equal(state.counts, np.ones(60))
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert [(line["step"], line["given"]) for line in lines] == [(t, 3 * t) for t in range(1, 21)]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_a_second_signal_exits_at_once(tmp_path, number, code):
    (tmp_path / "own.py").write_text(OWN)
    file, workdir = str(tmp_path / "own.py"), tmp_path / "run"
    assert finish(crashes.signalled_twice, file, workdir, number) == code
    assert (workdir / "config.json").exists()
    assert not (workdir / "checkpoints").exists()


def test_every_method_resumes_exactly(tmp_path):
    """N iterations are k, a SIGKILL and N - k: one process begins all methods, one ends them."""
    quick = environment(1) | {
        "JAX_COMPILATION_CACHE_DIR": jax.config.jax_compilation_cache_dir,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.5",
    }
    for part, code in (("begin", -signal.SIGKILL), ("end", 0)):
        command = [sys.executable, "-m", "tests.support.every_method", part, str(tmp_path)]
        done = subprocess.run(
            command, cwd=ROOT, env=quick, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "all methods are the same to the bit"

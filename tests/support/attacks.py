"""Runs in processes of their own, which the tests in `tests/attacks/` kill, signal and crowd."""

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.support.crashes"])

# A run whose iteration, with a checkpoint and a line of metrics, takes some hundredths of a second.
RING = """
import gans_jax
from gans_jax import data, networks, priors
from gans_jax.training import Experiment

experiment = Experiment(
    method=gans_jax.GAN(
        networks.MLPGenerator((2,), (8,), output="linear"),
        networks.MLPDiscriminator((8,)),
        priors.Normal(4),
    ),
    data=data.GaussianRing(num=200),
    iterations=100_000,
    batch_size=16,
    log_every=1,
    sample_every=100_000,
    checkpoint_every=1,
    keep=2,
    samples=4,
)
"""


def command(arguments: list[str], messages: Path, cache: str) -> None:
    """Runs a command in this process, which prints into a file, and ends the process."""
    import jax

    from gans_jax.cli import main

    with messages.open("ab", buffering=0) as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = cache
    jax.config.update("jax_compilation_cache_dir", cache)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    # A shell's background jobs ignore this one, and what they start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(arguments))


class Runner(NamedTuple):
    """Starts commands about one run folder; `folder` holds the run, its messages and a cache."""

    folder: Path

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def messages(self) -> Path:
        return self.folder / "messages"

    def start(self, *arguments: str) -> Any:
        place = str(self.folder / "cache")
        process = FORKS.Process(target=command, args=(list(arguments), self.messages, place))
        process.start()
        return process

    def go_on(self) -> Any:
        """Starts `train` where there is no run, and `resume` where there is one."""
        if (self.run / "config.json").exists():
            return self.start("resume", str(self.run))
        (self.folder / "ring.py").write_text(RING)
        return self.start("train", str(self.folder / "ring.py"), "--workdir", str(self.run))

    def steps(self) -> list[int]:
        """The steps on disk, ascending."""
        return sorted(int(p.name) for p in self.run.glob("checkpoints/*") if p.name.isdecimal())

    def newest(self) -> int:
        return max(self.steps(), default=0)

    def lines(self) -> list[dict[str, float]]:
        """The lines of metrics without what depends on the clock."""
        texts = (self.run / "metrics.jsonl").read_text().splitlines()
        lines = [json.loads(text) for text in texts]
        clock = ("seconds", "images_per_second", "input_wait")
        return [{k: v for k, v in line.items() if k not in clock} for line in lines]

    def end(self, process: Any, number: int) -> int:
        """Sends a signal, and returns the exit code, negative for a signal that killed it."""
        os.kill(process.pid, number)
        process.join(60)
        assert process.exitcode is not None, f"signal {number} does not end the run"
        return process.exitcode

    def wait_until(self, process: Any, reached: Callable[[], bool]) -> None:
        """Waits until the process has done something, which it must while it lives."""
        deadline = time.monotonic() + 120
        while not reached():
            assert process.is_alive(), self.messages.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.01)


def let_run(runner: Runner, process: Any, trial: int, rng: random.Random) -> None:
    """Lets a run start, every second time, and every other time make some iterations."""
    if trial % 2:
        before = runner.newest()
        runner.wait_until(process, lambda: runner.newest() > before)
        time.sleep(rng.uniform(0, 0.3))
    else:
        time.sleep(rng.uniform(0, 2))

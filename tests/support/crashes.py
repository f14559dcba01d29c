"""What the processes of `tests/training/test_crashes.py` do; to import it starts no backend.

A process can be forked only before jax has threads.
"""

import dataclasses
import hashlib
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

# What a run imports late, so that no process need do it again.
import jax
import jax.numpy as jnp
import numpy as np
import tensorboardX  # noqa: F401
import tyro  # noqa: F401

from gans_jax import core
from gans_jax.cli import main
from gans_jax.priors import Normal
from gans_jax.training import Checkpoints, Experiment, recorder, resume, train
from gans_jax.training.program import Program


def digest(state: dict[str, Any]) -> str:
    content = b"".join(np.asarray(state[name]).tobytes() for name in sorted(state))
    return hashlib.sha256(content).hexdigest()


def numbers(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {name: rng.normal(size=(40, 50)).astype("f4") for name in "abc"}


def logged(log: Path) -> dict[int, str]:
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return {int(step): digest for step, digest in lines}


def restore(folder: Path, log: Path) -> int:
    """The newest step, whose state must be the one that was logged last for it."""
    with Checkpoints(folder) as checkpoints, warnings.catch_warnings():
        warnings.simplefilter("error")  # no step may be damaged
        if checkpoints.latest() is None:
            return 0
        step, state = checkpoints.restore(numbers(np.random.default_rng(0)))
    assert digest(state) == logged(log)[step]
    return step


def save_for_ever(folder: Path, log: Path, ready: Path, keep: int = 3) -> None:
    """Saves new numbers at every iteration, after it has logged their digest."""
    step, rng = restore(folder, log), np.random.default_rng()
    with Checkpoints(folder, keep) as checkpoints, log.open("a") as lines:
        ready.touch()
        while True:
            step, state = step + 1, numbers(rng)
            print(step, digest(state), file=lines, flush=True)
            checkpoints.save(step, state)


class Counts(NamedTuple):
    step: Any
    counts: Any


@dataclasses.dataclass(frozen=True)
class Ledger(core.MethodBase):
    """A method whose state is how often it was given each example."""

    num: int
    prior: ClassVar = Normal(2)

    def init(self, key, batch):
        return Counts(jnp.int32(0), jnp.zeros(self.num, jnp.int32))

    def step(self, state, batch, key):
        counts = state.counts.at[batch["label"]].add(1)
        return Counts(state.step + 1, counts), {"given": counts.sum()}

    def sample(self, state, key, num):
        return jax.random.normal(key, (num, 2))


@dataclasses.dataclass(frozen=True)
class Trapped:
    """Numbered examples, some of which end the process when they are read for the first time."""

    num: int
    traps: str

    def __len__(self):
        return self.num

    def __getitem__(self, index):
        trap = Path(self.traps, str(index))
        if trap.exists():
            trap.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"image": np.float32([index, 0]), "label": np.int32(index)}


def train_or_resume(workdir: Path, experiment: Experiment) -> None:
    recorder.write_report = lambda workdir, experiment: None  # takes longer than the run
    if (workdir / "config.json").exists():
        resume(workdir, extra=[Ledger, Trapped], progress=False)
    else:
        train(experiment, workdir, progress=False)


def signalled_twice(file: str, workdir: Path, number: int) -> None:
    original = Program.keys

    def keys(program, t):
        if t == 2:
            handler = signal.getsignal(number)
            os.kill(os.getpid(), number)
            while signal.getsignal(number) is handler:  # two that are pending count as one
                time.sleep(0.001)
            os.kill(os.getpid(), number)
            time.sleep(5)  # which the second ends
        return original(program, t)

    Program.keys = keys
    # A shell's background jobs ignore this one, and what they start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(["train", file, "--workdir", str(workdir)]))

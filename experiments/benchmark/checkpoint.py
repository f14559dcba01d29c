"""How long a checkpoint holds up the loop, for a state of so many gigabytes.

    python -m experiments.benchmark.checkpoint [--gigabytes 1] [--rounds 3]

trains the same run in turns as it is, with every checkpoint written beside the loop, and with every
checkpoint written in the loop. The usual iteration is the median before the first checkpoint. The
stall is how much longer than it the iteration with the checkpoint lasts. The delay is how much
longer the iterations from one checkpoint to the next last than as many usual ones, since the
writing takes cores from the loop. Both are printed in milliseconds a gigabyte of state, as the
median over all checkpoints with the range, beside the time of one copy in memory.
"""

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import core, ops, priors
from gans_jax.training import Experiment, train
from gans_jax.training.observers import SavedStates

LEAVES = 25
CHECKPOINTS = 3
# Iterations from one checkpoint to the next, enough that the one before is on the disk.
EVERY = 100


class State(NamedTuple):
    step: jax.Array
    leaves: list[jax.Array]


@dataclasses.dataclass(frozen=True)
class Large(core.MethodBase):
    """A method whose state has a given size, and whose iteration reads and writes all of it."""

    gigabytes: float
    prior = priors.Normal(2)

    def init(self, key: jax.Array, batch: core.Batch) -> State:
        keys, size = jax.random.split(key, LEAVES), int(self.gigabytes * 1e9) // (4 * LEAVES)
        return State(jnp.int32(0), [jax.random.normal(k, (size,)) for k in keys])

    def step(self, state: State, batch: core.Batch, key: jax.Array) -> tuple[State, Any]:
        leaves = [leaf * 0.9999 for leaf in state.leaves]
        return State(state.step + 1, leaves), {"first": leaves[0][0]}

    def sample(self, state: State, key: jax.Array, num: int) -> jax.Array:
        return jnp.zeros((num, 2))


@dataclasses.dataclass(frozen=True)
class Zeros:
    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return {"image": np.zeros(2, np.float32)}


def measured(gigabytes: float, beside: bool) -> Iterator[tuple[float, float]]:
    """Yields the seconds of stall and of delay of each checkpoint of a run."""
    every = {"log_every": 1, "sample_every": 10**6, "checkpoint_every": EVERY, "keep": 1}
    iterations = EVERY * (CHECKPOINTS + 1)
    experiment = Experiment(Large(gigabytes), Zeros(), iterations, batch_size=2, **every)
    original = SavedStates.save

    def save(states: SavedStates, done: int, state: Any, last: bool) -> None:
        original(states, done, state, last or not beside)

    with tempfile.TemporaryDirectory() as folder, mock.patch.object(SavedStates, "save", save):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the classes of this file are not the package's own
            train(experiment, Path(folder, "run"), progress=False)
        lines = Path(folder, "run/metrics.jsonl").read_text().splitlines()
    ends = [json.loads(line)["seconds"] for line in lines]
    usual = statistics.median(np.diff(ends[:EVERY]))
    for done in range(EVERY, iterations, EVERY):
        # The line of an iteration is written before its checkpoint.
        before, after, next_one = ends[done - 1], ends[done], ends[done + EVERY - 1]
        yield after - before - usual, next_one - before - EVERY * usual


def copy_seconds(gigabytes: float) -> float:
    """Returns the seconds of a copy from memory that is in use to other memory that is in use."""
    source, target = (np.ones(int(gigabytes * 1e9) // 4, np.float32) for _ in range(2))
    began = time.perf_counter()
    np.copyto(target, source)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ops.keep_freed_memory()  # as the command line does for training
    found: dict[str, list[tuple[float, float]]] = {"beside the loop": [], "in the loop": []}
    copies = []
    for _ in range(arguments.rounds):
        copies.append(copy_seconds(arguments.gigabytes))
        for name, pairs in found.items():
            pairs.extend(measured(arguments.gigabytes, name == "beside the loop"))
    per_gigabyte = lambda seconds: f"{1000 * seconds / arguments.gigabytes:6.0f}"
    for name, pairs in found.items():
        for kind, values in zip(("stall", "delay"), zip(*pairs, strict=True), strict=True):
            shown = map(per_gigabyte, (statistics.median(values), min(values), max(values)))
            print("{}, {}: {} ms/GB ({} to {})".format(name, kind, *shown))
    print(f"one copy in memory: {per_gigabyte(statistics.median(copies))} ms/GB")


if __name__ == "__main__":
    main()

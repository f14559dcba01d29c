"""Seconds per iteration of training loops, measured in turns, so that a busy machine slows all."""

import time
from collections.abc import Mapping
from typing import Protocol

import numpy as np

BLOCK_SECONDS = 0.5


class Runner(Protocol):
    """A training loop."""

    def run(self, num: int) -> None:
        """Trains for `num` iterations and waits until the device is done."""


def seconds(runner: Runner, num: int) -> float:
    """Returns the seconds per iteration of a block of `num` iterations."""
    start = time.perf_counter()
    runner.run(num)
    return (time.perf_counter() - start) / num


def block_size(runner: Runner) -> int:
    """Returns how many iterations fill about `BLOCK_SECONDS`."""
    runner.run(2)
    return max(1, round(BLOCK_SECONDS / seconds(runner, 2)))


def in_turns(runners: Mapping[str, Runner], rounds: int, num: int) -> dict[str, np.ndarray]:
    """Returns the seconds per iteration `[rounds]` of each runner.

    In a round each runner trains for one block of `num` iterations.
    """
    for runner in runners.values():
        runner.run(2)  # a warm-up, not timed
    times = {name: np.empty(rounds) for name in runners}
    for turn in range(rounds):
        for name, runner in runners.items():
            times[name][turn] = seconds(runner, num)
    return times

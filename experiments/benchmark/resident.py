"""What it costs an iteration to gather its batch from examples in device memory.

    python -m experiments.benchmark.resident --rounds 21

times, in turns, the dispatches of one run with its data in three places: `placed` has one batch on
the device already and never another, `resident` gathers each batch from all examples there, and
`host` reads it on the host and moves it. It prints the milliseconds of an iteration, and the ratios
to `placed`, as medians over the rounds. The data are random images of the size of CIFAR-10.
"""

import argparse
import itertools

import jax
import numpy as np

from experiments.benchmark.timing import block_size, in_turns
from gans_jax import GAN, data, ops
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator
from gans_jax.training import Experiment
from gans_jax.training.feed import Given
from gans_jax.training.layout import choose_layout
from gans_jax.training.processes import Processes
from gans_jax.training.program import Program

SIZE = (32, 32, 3)
METHODS = {
    "mlp": GAN(MLPGenerator(SIZE, (512, 512)), MLPDiscriminator((512, 512))),
    "dcgan": GAN(DCGANGenerator(32, 3, 64), DCGANDiscriminator(32, 64)),
}
ITERATIONS = 10**6  # more than are run


class Loop:
    """The loop of a run without its records; `placed` gives each dispatch the same batch."""

    def __init__(self, experiment: Experiment, place: str) -> None:
        choice = "yes" if place == "resident" else "no"
        self._program = Program(
            experiment, choose_layout(experiment, None, None), Processes(False), choice
        )
        self._batches = self._program.batches(0, None)
        self._state, self._iterations = self._program.init(), itertools.count()
        self._same = self._batches.take(lambda: 0).batch if place == "placed" else None
        if place == "placed":
            self._batches.close()

    def run(self, num: int) -> None:
        """Trains for `num` iterations and, as the training loop does on a CPU, waits for each."""
        for t in itertools.islice(self._iterations, num):
            if self._same is None:
                given = self._batches.take(lambda: 0)
            else:
                given = Given(self._same, self._program.keys(t))
            self._state, outcome = self._program.dispatch(self._state, given, 0)
            if jax.default_backend() == "cpu":
                outcome.finite.block_until_ready()
        jax.block_until_ready(self._state)

    def close(self) -> None:
        """Ends the threads that read ahead."""
        self._batches.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", choices=METHODS, default="dcgan")
    parser.add_argument("--num", type=int, default=50_000, help="examples of the data")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    ops.keep_freed_memory()
    images = np.random.default_rng(0).integers(0, 256, (options.num, *SIZE), dtype=np.uint8)
    method, batch_size = METHODS[options.method], options.batch_size
    experiment = Experiment(method, data.Arrays(images), ITERATIONS, batch_size=batch_size)
    loops = {place: Loop(experiment, place) for place in ("placed", "resident", "host")}
    times = in_turns(loops, options.rounds, block_size(loops["placed"]))
    for place, seconds in times.items():
        ratio = np.median(seconds / times["placed"])
        print(f"{place:8} {1e3 * np.median(seconds):9.3f} ms, {ratio:.4f} of placed")
    for loop in loops.values():
        loop.close()
    print(f"jax {jax.__version__}, {jax.devices()[0].device_kind}, {options.method}")


if __name__ == "__main__":
    main()

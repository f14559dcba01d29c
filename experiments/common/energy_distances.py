"""Measures how far the samples of runs on digits or toy densities are from held-out examples.

    python -m experiments.common.energy_distances RUN...

Draws 1,000 samples with seed 1 and prints their energy distance to 1,000 held-out examples. Beside
it stand the same distances of 1,000 training examples and of the samples of an untrained
generator. For a density with modes the share of the samples within three standard deviations of
each mode follows. Energy distances of digits are measured in pixel space, [-1, 1]^784: they
separate noise and collapse from digits, but not good digits from better ones.
"""

import dataclasses
from pathlib import Path

import jax
import numpy as np

from experiments.common import command_line
from gans_jax import core, data, training
from gans_jax.metrics import energy_distance, mode_shares

NUM = 1000


def report(workdir: Path) -> None:
    """Prints the distances of a run."""
    experiment, state = training.load(workdir)
    method, source = experiment.method, experiment.data
    stream = data.stream(source, experiment.batch_size, experiment.seed, method)
    untrained = jax.jit(method.init)(jax.random.key(0), stream[0])
    samples = np.asarray(method.sample(state, jax.random.key(1), NUM))
    noise = np.asarray(method.sample(untrained, jax.random.key(1), NUM))
    real = np.asarray(core.as_float(held_out(source).arrays["image"]))[:NUM]
    train = np.asarray(core.as_float(source.arrays["image"]))
    train = np.random.default_rng(1).permutation(train)[:NUM]
    print(f"{workdir}, iteration {int(state.step)}, energy distance to {NUM} held-out examples:")
    for name, x in (("samples", samples), ("training examples", train), ("untrained", noise)):
        print(f"  {name:18} {energy_distance(x, real):.4f}")
    if not isinstance(source, data.Digits):
        shares = mode_shares(samples, source.centers, source.std)
        print(f"  shares of modes    {shares.round(3).tolist()}, in all {shares.sum():.3f}")


def held_out(source: data.Digits | data.GaussianRing) -> data.Digits | data.GaussianRing:
    """Returns the examples that a run on `source` has not seen."""
    if isinstance(source, data.Digits):
        return dataclasses.replace(source, split="test")
    return dataclasses.replace(source, seed=source.seed + 1)


if __name__ == "__main__":
    command_line.for_each_run(__doc__, report)

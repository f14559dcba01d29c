"""What the experiments on digits and on toy densities report: python experiments/measure.py RUN...

Draws 1,000 samples with seed 1 and prints their energy distance to held-out data, beside that of as
many training examples and of an untrained generator; for a density with modes also the share of the
samples within three standard deviations of each. Energy distances of digits are in pixel space,
[-1, 1]^784: they tell noise and collapse from digits, not good digits from better ones.
"""

import dataclasses
import sys
from pathlib import Path

import jax
import numpy as np

from gans_jax import core, data, training
from gans_jax.metrics import energy_distance, mode_shares

NUM = 1000


def measure(workdir: Path) -> None:
    experiment, state = training.load(workdir)
    method, source = experiment.method, experiment.data
    stream = data.stream(source, experiment.batch_size, experiment.seed, method)
    untrained = jax.jit(method.init)(jax.random.key(0), stream[0])
    samples, noise = (
        np.asarray(method.sample(s, jax.random.key(1), NUM)) for s in (state, untrained)
    )
    held_out = dataclasses.replace(source, **_held_out(source))
    real, train = (np.asarray(core.as_float(s.arrays["image"])) for s in (held_out, source))
    train = np.random.default_rng(1).permutation(train)[:NUM]
    print(f"{workdir}, iteration {int(state.step)}, energy distance to {NUM} held-out examples:")
    for name, x in (("samples", samples), ("training examples", train), ("untrained", noise)):
        print(f"  {name:18} {energy_distance(x, real[:NUM]):.4f}")
    if hasattr(source, "centers"):
        shares = mode_shares(samples, source.centers, source.std)
        print(f"  shares of modes    {shares.round(3).tolist()}, in all {shares.sum():.3f}")


def _held_out(source: data.Digits) -> dict:
    return {"split": "test"} if isinstance(source, data.Digits) else {"seed": source.seed + 1}


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        measure(Path(argument))

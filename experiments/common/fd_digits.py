"""Trains several experiments with several seeds, and prints the FD-digits of each run.

FD-digits is the Fréchet distance between 1,000 samples and the 1,000 held-out digits in the
features of `metrics.digits_classifier`. Two distances compare only if they are measured with the
same classifier, whose hash is printed.
"""

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path

import jax
import numpy as np

from experiments.common import command_line
from gans_jax import data, training
from gans_jax.metrics import digits_classifier, fit_gaussian, frechet_distance

NUM = 1000


def distance(images: np.ndarray) -> float:
    """Returns the FD-digits of images `[n, 28, 28, 1]` in [-1, 1]."""
    classifier, held_out = digits_classifier(), data.Digits(split="test").arrays["image"]
    return frechet_distance(*(fit_gaussian([classifier.features(x)]) for x in (images, held_out)))


def row(name: str, experiment: training.Experiment, folder: Path, seeds: int) -> str:
    """Trains an experiment with each seed, and returns its row of the table.

    Each seed has a run folder `folder/NAME/seed_S`. A run whose folder exists is not trained again,
    so that a table that was stopped goes on with its next run; delete the folder of the run that
    was cut off first.
    """
    distances, start = [], time.monotonic()
    for seed in range(seeds):
        workdir = folder / name.replace(" ", "_") / f"seed_{seed}"
        if not workdir.exists():
            run = dataclasses.replace(experiment, seed=seed)
            training.train(run, workdir, progress=False)
        trained, state = training.load(workdir)
        samples = trained.method.sample(state, jax.random.key(1), NUM)
        distances.append(distance(np.asarray(samples)))
    values = ", ".join(f"{value:.1f}" for value in distances)
    mean, std = np.mean(distances), np.std(distances)
    return f"{name:24} {mean:8.1f} +- {std:.1f} ({values}), {time.monotonic() - start:.0f} s"


def main(experiments: Mapping[str, training.Experiment], description: str) -> None:
    """Prints a row for 1,000 training digits and one for each experiment.

    The command line is `FOLDER [SEEDS]`: where the runs are, and how many seeds each experiment has
    (three by default).
    """
    options = command_line.parser(description)
    options.add_argument("folder", metavar="FOLDER", type=Path, help="where the runs are")
    options.add_argument("seeds", metavar="SEEDS", type=int, nargs="?", default=3)
    chosen = options.parse_args()
    print(f"FD-digits, {NUM} samples, classifier {digits_classifier().sha256[:12]}")
    order = np.random.default_rng(0).permutation(4000)[:NUM]
    print(f"{'training digits':24} {distance(data.Digits().arrays['image'][order]):8.1f}")
    for name, experiment in experiments.items():
        print(row(name, experiment, chosen.folder, chosen.seeds), flush=True)

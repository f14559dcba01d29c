"""Trains every run of an experiment file's `table` and prints distances: its rows by its seeds.

    python experiments/table.py FILE FOLDER [SEEDS]

Each run has a folder of its own, FOLDER/ROW/seed_S; one that is there is taken as it is, so that a
table that was stopped goes on with the next run (delete the folder of the run that was cut off).
The distance is FD-digits, the Fréchet distance of the features of `metrics.digits_classifier`
between 1,000 samples and the 1,000 held-out digits. It compares only where the classifier's hash
agrees. The first row is that of as many training digits.
"""

import dataclasses
import runpy
import sys
import time
from pathlib import Path

import jax
import numpy as np

from gans_jax import data, training
from gans_jax.metrics import digits_classifier, fit_gaussian, frechet_distance

NUM = 1000


def distance(images: np.ndarray) -> float:
    classifier, held_out = digits_classifier(), data.Digits(split="test").arrays["image"]
    return frechet_distance(*(fit_gaussian([classifier.features(x)]) for x in (images, held_out)))


def row(name: str, experiment: training.Experiment, folder: Path, seeds: int) -> str:
    found, start = [], time.monotonic()
    for seed in range(seeds):
        workdir = folder / name.replace(" ", "_") / f"seed_{seed}"
        if not workdir.exists():
            run = dataclasses.replace(experiment, seed=seed)
            training.train(run, workdir, progress=False)
        trained, state = training.load(workdir)
        found.append(distance(np.asarray(trained.method.sample(state, jax.random.key(1), NUM))))
    values = ", ".join(f"{value:.1f}" for value in found)
    mean, std = np.mean(found), np.std(found)
    return f"{name:24} {mean:8.1f} +- {std:.1f} ({values}), {time.monotonic() - start:.0f} s"


def main(file: str, folder: str, seeds: str = "3") -> None:
    classifier = digits_classifier()
    print(f"FD-digits, {NUM} samples, classifier {classifier.sha256[:12]}")
    order = np.random.default_rng(0).permutation(4000)[:NUM]
    print(f"{'training digits':24} {distance(data.Digits().arrays['image'][order]):8.1f}")
    for name, experiment in runpy.run_path(file)["table"].items():
        print(row(name, experiment, Path(folder), int(seeds)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

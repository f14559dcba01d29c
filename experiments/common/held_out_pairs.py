"""How near translations of held-out pairs are to their truths.

    python experiments/measure_pairs.py RUN --test facades/test [--labels b] [--picture FILE]

Prints for each direction PSNR, SSIM (both higher where nearer) and sharpness, the mean gradient of
the translations over that of the truths, of all pairs in the folder. With `--labels`, the domain of
the run whose images are labels of facades, also what the nearest colours are right about there.
Beside them stand the same numbers of the mean training target, the best guess without an input.
Translations are made as in training, in batches as large, and the picture shows the first eight
pairs: input, translation, truth.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import translation_scores as scores

from gans_jax import core, data, metrics, pictures, training

SHOWN = 8


def pairs(source: data.PairedFolder | data.Unaligned) -> data.PairedFolder:
    """Those that a run was trained on, without jitter."""
    found = source.source if isinstance(source, data.Unaligned) else source
    return data.PairedFolder(found.path, direction=found.direction, size=found.size)


def score(made: np.ndarray, truth: np.ndarray, labels: np.ndarray | None) -> str:
    found = {
        "PSNR": metrics.psnr(made, truth, data_range=2).mean(),
        "SSIM": metrics.ssim(made, truth, data_range=2).mean(),
        "sharpness": scores.sharpness(made) / scores.sharpness(truth),
    }
    if labels is not None:
        found |= scores.label_scores(labels, scores.read_labels(made))
    return ", ".join(f"{name} {value:.3f}" for name, value in found.items())


def measure(workdir: Path, test: Path, labelled: str | None, picture: Path | None) -> None:
    experiment, state = training.load(workdir)
    train = pairs(experiment.data)
    held_out = dataclasses.replace(train, path=str(test))
    real, seen = scores.stacked(held_out), scores.stacked(train)
    directions = {"a_to_b": "ab", "b_to_a": "ba"}
    if not hasattr(experiment.method, "translator"):
        directions.pop("b_to_a")
    shown = []
    for direction, (source, target) in directions.items():
        given = experiment.method, state, real[source], experiment.batch_size, direction
        made, truth = scores.translated(*given), np.asarray(core.as_float(real[target]))
        guess = np.broadcast_to(scores.as_float(seen[target]).mean(axis=0), truth.shape)
        labels = None
        if target == labelled:
            labels = scores.true_labels(held_out, target, train.size)
        print(f"{workdir}, {len(made)} pairs, {direction}: {score(made, truth, labels)}")
        print(f"  the mean target: {score(guess, truth, labels)}")
        shown += [scores.as_float(real[source][:SHOWN]), made[:SHOWN], truth[:SHOWN]]
    if picture:
        pictures.save(picture, pictures.grid(np.concatenate(shown), columns=SHOWN))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--labels", choices=("a", "b"))
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    measure(options.run, options.test, options.labels, options.picture)

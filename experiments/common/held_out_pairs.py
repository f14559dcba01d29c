"""Scores the translations of held-out pairs against their truths.

    python -m experiments.common.held_out_pairs RUN --test facades/test

Prints PSNR, SSIM and sharpness for each direction of a run, over all pairs in the folder. PSNR and
SSIM are higher where the translation is nearer to its truth; sharpness is the mean gradient of the
translations over the mean gradient of the truths. With `--labels SIDE`, the side of the run whose
images are labels of facades, the classes that the nearest colours tell are scored, too. Beside them
stand the scores of the mean training image, which is the best guess without an input. Translations
are made as in training, in batches of the same size. `--picture FILE` draws the first eight pairs:
input, translation, truth, whose rows `--names photo map` names.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np

from experiments.common import command_line, facade_labels
from experiments.common import translation_scores as scores
from gans_jax import core, data, metrics, pictures, training

SHOWN = 8


def pairs(source: data.PairedFolder | data.Unaligned) -> data.PairedFolder:
    """Returns the pairs that a run was trained on, without jitter."""
    found = source.source if isinstance(source, data.Unaligned) else source
    return data.PairedFolder(found.path, direction=found.direction, size=found.size)


def score(made: np.ndarray, truth: np.ndarray, labels: np.ndarray | None) -> str:
    """Returns the scores of images `[n, h, w, c]` as text.

    Args:
      made: the translations.
      truth: their truths.
      labels: the label maps `[n, h, w]` of the truths if these are label images, or else None.
    """
    found = {
        "PSNR": metrics.psnr(made, truth, data_range=2).mean(),
        "SSIM": metrics.ssim(made, truth, data_range=2).mean(),
        "sharpness": scores.sharpness(made) / scores.sharpness(truth),
    }
    if labels is not None:
        found |= facade_labels.label_scores(labels, facade_labels.read_labels(made))
    return ", ".join(f"{name} {value:.3f}" for name, value in found.items())


def report(options: argparse.Namespace) -> None:
    """Prints the scores of a run, and draws its first translations."""
    experiment, state = training.load(options.run)
    train = pairs(experiment.data)
    held_out = dataclasses.replace(train, path=str(options.test))
    real, seen = scores.stacked(held_out), scores.stacked(train)
    method, batch_size, shown = experiment.method, experiment.batch_size, {}
    for direction in method.directions:
        source, target = direction.split("_to_")
        made = scores.translated(method, state, real[source], batch_size, direction)
        truth = np.asarray(core.as_float(real[target]))
        guess = np.broadcast_to(scores.as_float(seen[target]).mean(axis=0), truth.shape)
        labels = None
        if target == options.labels:
            labels = facade_labels.true_labels(held_out, target, train.size)
        print(f"{options.run}, {len(made)} pairs, {direction}: {score(made, truth, labels)}")
        print(f"  the mean target: {score(guess, truth, labels)}")
        start, goal = (options.names["ab".index(side)] for side in (source, target))
        shown[start] = scores.as_float(real[source][:SHOWN])
        shown |= {f"{goal} from {start}": made[:SHOWN], f"true {goal}": truth[:SHOWN]}
    if options.picture:
        picture = pictures.grid(np.concatenate([*shown.values()]), columns=SHOWN)
        pictures.save(options.picture, pictures.titled(picture, rows=[*shown]))


if __name__ == "__main__":
    parser = command_line.parser(__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--test", type=Path, required=True, help="a folder of held-out pairs")
    parser.add_argument("--labels", choices=("a", "b"), help="the side with label images")
    text = "what the sides a and b show"
    parser.add_argument("--names", nargs=2, default=("a", "b"), metavar=("A", "B"), help=text)
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where to draw pairs")
    report(parser.parse_args())

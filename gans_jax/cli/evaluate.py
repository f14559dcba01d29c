"""The command `evaluate`."""

import argparse
from pathlib import Path
from typing import Any

from gans_jax.cli.arguments import (
    add_devices,
    beside,
    command,
    count,
    local_devices,
    new_file,
    path,
    seed,
    workdir,
)
from gans_jax.cli.experiment_file import held_data, own_classes
from gans_jax.evaluation.catalogue import METRICS, check_name
from gans_jax.evaluation.evaluate import FILE, PICTURE, evaluate_folders, evaluate_run
from gans_jax.evaluation.evaluator import noted
from gans_jax.evaluation.pairs import PAIR_METRICS
from gans_jax.evaluation.result import Result, add_to, as_text, read
from gans_jax.evaluation.settings import Settings
from gans_jax.runs import ConfigError
from gans_jax.translation import evaluate_translations, is_translating
from gans_jax.translation.scores import PALETTES

EVALUATE = """\
Compares generated examples with real ones, and prints a number for each metric:

  evaluate RUN                            samples of a run with the test split of its data
  evaluate RUN --real FOLDER              samples of a run with the images in a folder
  evaluate --real FOLDER --fake FOLDER    the images in two folders, whatever program made them

A run that makes images from images is scored by its translations of the test split of its data, or
of `--real FOLDER` in the form of its data: against their truths where the images are pairs, against
the other domain where they are not.

The numbers are also written to RUN/evaluations.json, or to --json FILE. There each has its
provenance: how many examples it is of, their split, how they were resized, the feature network with
the hash of its weights, the seed, the step, and warnings.

Without --metrics, all metrics are computed that apply to the data and need no download. `fid`,
`kid`, `inception-score` and `prdc-inception` need --inception-weights.

metrics:
"""


def add(commands: Any) -> None:
    known = METRICS | PAIR_METRICS
    listed = [f"  {name:20} {metric.about}" for name, metric in known.items()]
    parser = command(commands, evaluate, EVALUATE + "\n".join(listed))
    text = "the run folder that `train` made"
    parser.add_argument("workdir", type=workdir, nargs="?", metavar="RUN", help=text)
    text = "which metrics to compute, from the list above"
    parser.add_argument("--metrics", nargs="+", metavar="NAME", help=text)
    text = "how many samples, and at most as many real examples (default: 10000)"
    parser.add_argument("--num", type=count, default=10_000, metavar="N", help=text)
    parser.add_argument("--real", metavar="FOLDER", help="a folder of real images")
    text = "a folder of generated images, instead of RUN"
    parser.add_argument("--fake", metavar="FOLDER", help=text)
    text = "a folder of the images that the fakes were learned from, for `neighbours`"
    parser.add_argument("--train", metavar="FOLDER", help=text)
    text = "the split of the run's data to compare with: `test` (default), `train` or another"
    parser.add_argument("--split", metavar="NAME", help=text)
    text = "resize the shorter side of all images in folders to PIXELS, and cut out the centre"
    parser.add_argument("--size", type=count, metavar="PIXELS", help=text)
    text = "read images as grey (1) or RGB (3); by default RGB unless all of them are grey"
    parser.add_argument("--channels", type=int, choices=(1, 3), help=text)
    text = "divide the samples of an Inception score into N parts (default: 10)"
    parser.add_argument("--splits", type=count, default=10, metavar="N", help=text)
    text = "the neighbour out to which precision, recall, density and coverage look (default: 5)"
    parser.add_argument("--k", type=count, default=5, metavar="N", help=text)
    text = "read the translations as label maps, too, by the nearest colours of this palette"
    parser.add_argument("--palette", choices=PALETTES, help=text)
    text = "take the checkpoint that evaluations during training rated best, not the newest"
    parser.add_argument("--best", action="store_true", help=text)
    parser.add_argument("--seed", type=seed, default=0, help="seed of the noise (default: 0)")
    text = "how many samples are generated at a time (default: 64)"
    parser.add_argument("--batch-size", type=count, default=64, metavar="N", help=text)
    add_devices(parser)
    text = "pt_inception-2015-12-05-6726825d.pth, or the file that `convert_inception` made of it"
    parser.add_argument("--inception-weights", type=path, metavar="FILE", help=text)
    text = "the sha256 that a converted file must have, so that the metrics are called FID and KID"
    parser.add_argument("--inception-sha256", metavar="HASH", help=text)
    text = "add the results to FILE, and put pictures beside it (default: RUN/evaluations.json)"
    parser.add_argument("--json", type=new_file, metavar="FILE", help=text)
    text = "the Python file with classes of your own, if the run's experiment has any"
    parser.add_argument("--experiment", metavar="FILE", help=text)


def evaluate(options: argparse.Namespace, _: list[str]) -> None:
    for name in options.metrics or ():
        check_name(name)
    file = options.json
    if file is None and options.workdir is not None:
        file = beside(options, options.workdir, FILE)
    shared = {
        "num": options.num,
        "weights": options.inception_weights,
        "sha256": options.inception_sha256,
        "picture": file and _picture(file),
        "size": options.size,
        "settings": Settings(options.splits, options.k),
        "progress": True,
    }
    if file:
        read(file)  # another kind of file is refused before a metric is computed
    evaluated = _of_folders if options.workdir is None else _of_run
    with noted() as notes:
        results = evaluated(options, shared)
    try:
        if file:
            add_to(file, results)
    finally:
        print("\n".join([as_text(results), *(f"{n['name']}: {n['message']}" for n in notes)]))
    if file:
        print(f"written to {file}")


def _of_run(options: argparse.Namespace, shared: dict[str, Any]) -> list[Result]:
    unused = {"--fake": options.fake, "--train": options.train, "--channels": options.channels}
    for name, value in unused.items():
        if value is not None:
            raise ConfigError(f"{name} is for images in folders: leave it or {options.workdir} out")
    if options.size is not None and options.real is None:
        raise ConfigError("--size resizes the images in a folder: give --real FOLDER, or no --size")
    extra = own_classes(options)
    shared = shared | {
        "data": held_data(options),
        "seed": options.seed,
        "split": options.split or "test",
        "real_folder": options.real,
        "use_best": options.best,
        "extra": extra,
    }
    if is_translating(options.workdir, extra):
        return _of_translator(options, shared)
    if options.palette is not None:
        raise ConfigError("--palette reads translations: leave it out for a run without any")
    shared |= {"batch_size": options.batch_size, "devices": local_devices(options.devices)}
    return evaluate_run(options.workdir, options.metrics, **shared)


def _of_translator(options: argparse.Namespace, shared: dict[str, Any]) -> list[Result]:
    if options.size is not None:
        raise ConfigError("--size is the size of the run's data: leave it out")
    del shared["size"]
    shared["palette"] = options.palette
    return evaluate_translations(options.workdir, options.metrics, **shared)


def _of_folders(options: argparse.Namespace, shared: dict[str, Any]) -> list[Result]:
    if not (options.real and options.fake):
        raise ConfigError("nothing to evaluate: give RUN, or --real FOLDER and --fake FOLDER")
    if options.best:
        raise ConfigError("--best is a checkpoint of a run: give RUN instead of --fake")
    return evaluate_folders(
        options.real,
        options.fake,
        options.metrics,
        train=options.train,
        channels=options.channels,
        split=options.split,
        **shared,
    )


def _picture(file: Path) -> Path:
    return file.with_name(PICTURE if file.name == FILE else f"{file.stem}-{PICTURE}")

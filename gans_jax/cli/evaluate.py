"""The command that measures samples: `evaluate`."""

import argparse
from pathlib import Path
from typing import Any

from gans_jax import evaluation
from gans_jax.cli.arguments import add_devices, command, count, local_devices, new_file, seed
from gans_jax.cli.experiment_file import own_classes
from gans_jax.evaluation.of_run import FILE, PICTURE
from gans_jax.runs import ConfigError

EVALUATE = """\
Measures the samples of a run, or the images in a folder that any program made, against real ones:

  evaluate RUN                            samples of the run, against the test split of its data
  evaluate RUN --real FOLDER              the same, against these images
  evaluate --real FOLDER --fake FOLDER    any images against any others

Each number is printed, and written as JSON into RUN/evaluations.json or --json FILE, with all that
it depends on: counts, split, resize, feature network, hash, seed, step and warnings. By default
these are all metrics that apply to the shape of the data and need no download.

metrics:
"""


def add(commands: Any) -> None:
    listed = [f"  {name:20} {metric.about}" for name, metric in evaluation.METRICS.items()]
    parser = command(
        commands, evaluate, "measure samples against real images", EVALUATE + "\n".join(listed)
    )
    text = "the folder that `train` made"
    parser.add_argument("workdir", type=Path, nargs="?", metavar="RUN", help=text)
    text = "names from the list above"
    parser.add_argument("--metrics", nargs="+", metavar="NAME", help=text)
    text = "samples, and real images if there are as many (default: 10000)"
    parser.add_argument("--num", type=count, default=10_000, help=text)
    parser.add_argument("--real", metavar="FOLDER", help="of real images")
    parser.add_argument("--fake", metavar="FOLDER", help="of generated images, instead of RUN")
    text = "of the images that the --fake ones were learned from, for `neighbours`"
    parser.add_argument("--train", metavar="FOLDER", help=text)
    text = "of the run's data: test (default), train, or another that they have"
    parser.add_argument("--split", metavar="NAME", help=text)
    text = "resize all images of folders to this many pixels (bicubic), and cut the centre"
    parser.add_argument("--size", type=count, metavar="PIXELS", help=text)
    text = "read folders as grey (1) or RGB (3); by default grey if all files are"
    parser.add_argument("--channels", type=int, choices=(1, 3), help=text)
    text = "the state that the evaluations during training rated best, not the newest one"
    parser.add_argument("--best", action="store_true", help=text)
    parser.add_argument("--seed", type=seed, default=0, help="of the noise (default: 0)")
    text = "samples generated at a time (default: 64)"
    parser.add_argument("--batch-size", type=count, default=64, help=text)
    add_devices(parser)
    text = "Inception's: pt_inception-2015-12-05-6726825d.pth, or what convert_inception wrote"
    parser.add_argument("--inception-weights", type=Path, metavar="FILE", help=text)
    text = "the hash that a converted file must have for its distance to be called FID"
    parser.add_argument("--inception-sha256", metavar="HASH", help=text)
    text = "to add the results to (default: RUN/evaluations.json); pictures are put beside it"
    parser.add_argument("--json", type=new_file, metavar="FILE", help=text)
    text = "the file that defines classes of your own which the run's experiment is made of"
    parser.add_argument("--experiment", metavar="FILE", help=text)


def evaluate(options: argparse.Namespace, _: list[str]) -> None:
    for name in options.metrics or ():
        evaluation.check_name(name)
    results = _of_folders(options) if options.workdir is None else _of_run(options)
    print(evaluation.as_text(results))
    if file := _file(options):
        evaluation.add_to(file, results)
        print(f"written to {file}")


def _of_run(options: argparse.Namespace) -> list[evaluation.Result]:
    unused = {"--fake": options.fake, "--train": options.train, "--size": options.size}
    for name, value in unused.items():
        if value is not None:
            raise ConfigError(f"{name} is for images in folders: leave it or {options.workdir} out")
    return evaluation.evaluate_run(
        options.workdir,
        options.metrics,
        num=options.num,
        seed=options.seed,
        split=options.split or "test",
        real_folder=options.real,
        use_best=options.best,
        batch_size=options.batch_size,
        devices=local_devices(options.devices),
        weights=options.inception_weights,
        sha256=options.inception_sha256,
        picture=_picture(options),
        extra=own_classes(options),
    )


def _of_folders(options: argparse.Namespace) -> list[evaluation.Result]:
    if not (options.real and options.fake):
        raise ConfigError("nothing to evaluate: give RUN, or --real FOLDER and --fake FOLDER")
    if options.best:
        raise ConfigError("--best is a checkpoint of a run: give RUN instead of --fake")
    return evaluation.evaluate_folders(
        options.real,
        options.fake,
        options.metrics,
        train=options.train,
        num=options.num,
        size=options.size,
        channels=options.channels,
        split=options.split,
        weights=options.inception_weights,
        sha256=options.inception_sha256,
        picture=_picture(options),
    )


def _file(options: argparse.Namespace) -> Path | None:
    if options.json or options.workdir is None:
        return options.json
    return options.workdir / FILE


def _picture(options: argparse.Namespace) -> Path | None:
    file = _file(options)
    if file is None:
        return None
    return file.with_name(PICTURE if file.name == FILE else f"{file.stem}-{PICTURE}")

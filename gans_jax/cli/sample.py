"""The commands that draw generated examples: `sample` and `interpolate`."""

import argparse
from typing import Any

import jax

from gans_jax import pictures
from gans_jax.cli.arguments import (
    SIDE,
    add_picture,
    add_run,
    command,
    count,
    seed,
    write_picture,
)
from gans_jax.cli.experiment_file import load_sampler
from gans_jax.runs import ConfigError
from gans_jax.runs.unfit import refused

SECONDS = 0.15  # of a frame


def add(commands: Any) -> None:
    parser = command(commands, sample)
    add_run(parser)
    text = "how many examples (default: 64)"
    parser.add_argument("--num", type=count, default=64, metavar="N", help=text)
    text = "the classes of a conditional method, one a column (default: all)"
    parser.add_argument("--label", type=seed, nargs="+", metavar="CLASS", help=text)
    add_picture(parser)

    parser = command(commands, interpolate)
    add_run(parser)
    text = "how many rows (default: 8)"
    parser.add_argument("--rows", type=count, default=8, metavar="N", help=text)
    text = "how many images in a row (default: 10)"
    parser.add_argument("--steps", type=count, default=10, metavar="N", help=text)
    text = "the class of a conditional method (default: each row has its own)"
    parser.add_argument("--label", type=seed, metavar="CLASS", help=text)
    add_picture(parser, moving=True)


def sample(options: argparse.Namespace, _: list[str]) -> None:
    experiment, state = load_sampler(options)
    with refused("--label"):
        labels, columns = pictures.label_columns(experiment.method, options.num, options.label)
    key = jax.random.key(options.seed)
    images = experiment.method.sample(state, key, options.num, labels)
    write_picture(options, pictures.draw(images, experiment.data, columns))


def interpolate(options: argparse.Namespace, _: list[str]) -> None:
    experiment, state = load_sampler(options)
    key = jax.random.key(options.seed)
    shape = options.rows, options.steps
    with refused("--label"):
        images = pictures.between(experiment.method, state, key, *shape, options.label)
    if images.ndim != 4:
        raise ConfigError(f"{options.workdir} makes points: draw them with `sample`")
    if options.out is None or options.out.suffix == ".png":
        write_picture(options, pictures.grid(images, columns=options.steps))
        return
    steps = images.reshape(*shape, *images.shape[1:]).swapaxes(0, 1)
    frames = [pictures.enlarged(pictures.grid(step), SIDE // 2) for step in steps]
    pictures.save_moving(options.out, frames, SECONDS)
    print(f"written to {options.out}")

"""The command `arithmetic`."""

import argparse
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from gans_jax import core, pictures, training
from gans_jax.cli.arguments import add_picture, add_run, command, seed, write_picture
from gans_jax.cli.experiment_file import own_classes
from gans_jax.runs import ConfigError
from gans_jax.runs.unfit import refused

DETAILS = """\
Draws the image of the noise A - B + C, such as smiling woman - neutral woman + neutral man (Radford
et al. 2016, section 6.3.2). Each of A, B and C is the mean noise of some images; the paper takes
three images each, because single ones gave unstable results.

The images are numbered row by row from 0 in the grid that `sample` draws with the same seed. The
picture shows them in three columns, with the image of the mean noise below each column. Beside them
is the image of A - B + C, in the middle of eight images whose noise differs from it by uniform
values in [-0.25, 0.25)."""

REACH = 0.25


def add(commands: Any) -> None:
    parser = command(commands, arithmetic, DETAILS)
    add_run(parser)
    for name in "abc":
        text = f"the numbers of the images that make {name.upper()}"
        parser.add_argument(
            f"--{name}", type=seed, nargs="+", required=True, metavar="I", help=text
        )
    text = "the class of all images, which a conditional method needs"
    parser.add_argument("--label", type=seed, metavar="CLASS", help=text)
    add_picture(parser)


def arithmetic(options: argparse.Namespace, _: list[str]) -> None:
    experiment, state = training.load(options.workdir, own_classes(options))
    draw_key = jax.random.key(options.seed)
    columns = [np.array(column) for column in (options.a, options.b, options.c)]
    if experiment.method.classes and options.label is None:
        raise ConfigError(f"{options.workdir} is conditional: choose a class by --label")
    with refused("--label"):
        z, *label = experiment.method.draw(
            draw_key, int(max(map(np.max, columns))) + 1, options.label
        )
    means = jnp.stack([z[column].mean(axis=0) for column in columns])
    around = neighbours(means[0] - means[1] + means[2], jax.random.fold_in(draw_key, 1))
    shown = [z[column] for column in columns]
    z = jnp.concatenate([*shown, means, around])
    label = [jnp.full(len(z), each[0]) for each in label]
    images = np.asarray(experiment.method.generate(state, z, *label))
    if images.ndim != 4:
        raise ConfigError(f"{options.workdir} makes points: draw them with `sample`")
    layout = _layout(images, [len(column) for column in columns])
    names = "A", "- B", "+ C", "=", "", "A - B + C", ""
    write_picture(options, pictures.grid(layout, columns=len(names)), names)


def neighbours(z: Array, key: Array) -> Array:
    """Returns nine rows of noise, `[size] -> [9, size]`: z in the middle, the others near it."""

    def offset(key: Array) -> Array:
        return jax.random.uniform(key, z.shape, z.dtype, -REACH, REACH)

    return z + jax.vmap(offset)(core.example_keys(key, 9)).at[4].set(0)


def _layout(images: np.ndarray, counts: list[int]) -> np.ndarray:
    """Puts three columns of images, a black one, and 3 x 3 neighbours side by side."""
    *columns, means, around = np.split(images, np.cumsum([*counts, 3]))
    rows = max(*counts, 3)
    cells = np.full((rows + 1, 7, *images.shape[1:]), -1, images.dtype)
    for place, column in enumerate(columns):
        cells[: len(column), place] = column
    cells[rows, :3] = means
    cells[:3, 4:] = around.reshape(3, 3, *images.shape[1:])
    return cells.reshape(-1, *images.shape[1:])

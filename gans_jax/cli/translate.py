"""The command `translate`."""

import argparse
from pathlib import Path
from typing import Any

from gans_jax import translation
from gans_jax.cli.arguments import add_run, command, count, png, seed
from gans_jax.cli.experiment_file import own_classes

TRANSLATE = """\
Translates all images under a folder into PNG files of the same names under another, with the newest
state of a run. Images may have any size: they are mirrored at their borders up to a size that the
network takes, and what it returns is cut back. Each new size takes a compilation.

All images are read before anything is written, so that a bad one (unreadable, in colour for a
network of grey images, or of a size that the network does not take) changes nothing."""


def add(commands: Any) -> None:
    parser = command(commands, translate, "make images from the images in a folder", TRANSLATE)
    add_run(parser)
    text = "the folder of images, which may lie in folders of their own"
    parser.add_argument("--input", type=Path, required=True, metavar="FOLDER", help=text)
    text = "the folder to write to, in which no file is replaced"
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help=text)
    text = "of the domains (default: a_to_b)"
    parser.add_argument("--direction", choices=("a_to_b", "b_to_a"), default="a_to_b", help=text)
    text = "of the noise of methods that have one, such as pix2pix (default: without noise)"
    parser.add_argument("--seed", type=seed, help=text)
    text = "images of one size in a call (default: 4)"
    parser.add_argument("--batch-size", type=count, default=4, metavar="N", help=text)
    text = "what to do about a bad image: end, or leave it out and say so (default: raise)"
    parser.add_argument("--on-bad", choices=("raise", "skip"), default="raise", help=text)
    text = "a picture of the first 16 images, what they become, and what comes back of that"
    parser.add_argument("--sheet", type=png, metavar="PNG", help=text)


def translate(options: argparse.Namespace, _: list[str]) -> None:
    done = translation.translate_folder(
        *(options.workdir, options.input, options.output, options.direction),
        seed=options.seed,
        batch_size=options.batch_size,
        on_bad=options.on_bad,
        sheet=options.sheet,
        extra=own_classes(options),
    )
    print(f"{options.output}: {len(done.written)} images")
    if done.skipped:
        print(f"skipped {len(done.skipped)}:", *done.skipped, sep="\n  ")

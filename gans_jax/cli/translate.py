"""The command `translate`."""

import argparse
from typing import Any

from gans_jax import translation
from gans_jax.cli.arguments import add_run, command, count, path, png, seed
from gans_jax.cli.experiment_file import own_classes
from gans_jax.core.output import counted

TRANSLATE = """\
Translates an image, or all images in a folder, with the newest state of a run. It writes PNG files
of the same names into another folder. Images may have any size: an image is mirrored at its borders
up to a size that the network takes, and the translation is cut back. Each new size takes a
compilation. A warning counts the files that are left out.

All images are read before the first file is written, so that a bad image ends the command without
any change. An image is bad if it cannot be read, has colours but the network takes grey images, or
has a size that the network does not take."""


def add(commands: Any) -> None:
    parser = command(commands, translate, TRANSLATE)
    add_run(parser)
    text = "an image, or a folder of images; those in its subfolders are translated, too"
    parser.add_argument("--input", type=path, required=True, metavar="PATH", help=text)
    text = "the folder to write to, or a PNG file for one image; no file is replaced"
    parser.add_argument("--output", type=path, required=True, metavar="PATH", help=text)
    text = "from which domain to which (default: a_to_b)"
    parser.add_argument("--direction", choices=("a_to_b", "b_to_a"), default="a_to_b", help=text)
    noise = parser.add_mutually_exclusive_group()
    text = "seed of the noise, for methods that use noise, such as pix2pix (default: 0)"
    noise.add_argument("--seed", type=seed, default=0, help=text)
    text = "translate without noise"
    noise.add_argument("--deterministic", action="store_true", help=text)
    text = "how many images of one size are translated at a time (default: 4)"
    parser.add_argument("--batch-size", type=count, default=4, metavar="N", help=text)
    text = "end with an error at a bad image (default), or skip it and say so"
    parser.add_argument("--on-bad", choices=("raise", "skip"), default="raise", help=text)
    text = "also draw the first 16 images, their translations, and these translated back"
    parser.add_argument("--sheet", type=png, metavar="PNG", help=text)


def translate(options: argparse.Namespace, _: list[str]) -> None:
    done = translation.translate_folder(
        options.workdir,
        options.input,
        options.output,
        options.direction,
        seed=options.seed,
        deterministic=options.deterministic,
        batch_size=options.batch_size,
        on_bad=options.on_bad,
        sheet=options.sheet,
        extra=own_classes(options),
    )
    num = len(done.written)
    print(f"{options.output}: {counted(num, 'image')}")
    if done.skipped:
        print(f"skipped {len(done.skipped)}:", *done.skipped, sep="\n  ")

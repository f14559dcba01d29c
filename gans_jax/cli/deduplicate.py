"""The command that finds near-duplicates in a folder of images: `deduplicate`."""

import argparse
import sys
from typing import Any

import numpy as np

from gans_jax.cli.arguments import command, count
from gans_jax.data import ImageFolder
from gans_jax.tools import deduplicate as hashing

DETAILS = """\
Lists groups of images that are copies of each other, recompressed, resized or slightly cropped: a
file per line, an empty line between groups. It changes and removes nothing. An autoencoder is
trained on the folder's images first, so a folder of fewer than some hundred gives poor hashes."""


def add(commands: Any) -> None:
    parser = command(commands, deduplicate, "list near-duplicates in a folder of images", DETAILS)
    parser.add_argument("folder", metavar="FOLDER", help="of images, subfolders included")
    text = f"bits of {hashing.CODE} that may differ within a pair (default: {hashing.DISTANCE})"
    parser.add_argument("--distance", type=count, default=hashing.DISTANCE, metavar="N", help=text)
    text = f"of the autoencoder's training (default: {hashing.ITERATIONS})"
    what = {"default": hashing.ITERATIONS, "metavar": "N", "help": text}
    parser.add_argument("--iterations", type=count, **what)


def deduplicate(options: argparse.Namespace, _: list[str]) -> None:
    source = ImageFolder(options.folder, size=hashing.SIDE)
    images = np.stack([source[index]["image"] for index in range(len(source))])
    encode = hashing.encoder(images, options.iterations)
    found = hashing.groups(images, encode, options.distance)
    print("\n\n".join("\n".join(source.files[index] for index in group) for group in found))
    extra = sum(len(group) - 1 for group in found)
    print(f"{len(found)} groups, {extra} of {len(source)} images extra", file=sys.stderr)

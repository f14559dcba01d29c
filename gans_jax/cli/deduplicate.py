"""The command `deduplicate`."""

import argparse
import sys
from typing import Any

import numpy as np

from gans_jax.cli.arguments import command, count
from gans_jax.data import ImageFolder
from gans_jax.data.source import shown
from gans_jax.tools import deduplicate as hashing

DETAILS = """\
Lists groups of images that are copies of each other, even if they were recompressed, resized or
slightly cropped. Each line is a file, and an empty line separates groups. Line breaks and the like
in a name are shown as escapes. No file is changed or removed. The hashes that are compared come
from an autoencoder, which is first trained on the images themselves, so that a folder of fewer than
a few hundred images gives poor hashes."""


def add(commands: Any) -> None:
    parser = command(commands, deduplicate, "list near-duplicates in a folder of images", DETAILS)
    text = "the folder of images, with its subfolders"
    parser.add_argument("folder", metavar="FOLDER", help=text)
    text = f"how many of {hashing.CODE} bits may differ in a pair (default: {hashing.DISTANCE})"
    parser.add_argument("--distance", type=count, default=hashing.DISTANCE, metavar="N", help=text)
    text = f"how long the autoencoder is trained (default: {hashing.ITERATIONS})"
    parser.add_argument(
        "--iterations", type=count, default=hashing.ITERATIONS, metavar="N", help=text
    )


def deduplicate(options: argparse.Namespace, _: list[str]) -> None:
    source = ImageFolder(options.folder, size=hashing.SIDE)
    images = np.stack([source[index]["image"] for index in range(len(source))])
    encode = hashing.encoder(images, options.iterations)
    found = hashing.groups(images, encode, options.distance)
    names = [[shown(source.files[index]) for index in group] for group in found]
    print("\n\n".join("\n".join(group) for group in names))
    extra = sum(len(group) - 1 for group in found)
    print(f"{len(found)} groups, {extra} of {len(source)} images extra", file=sys.stderr)

"""The command `deduplicate`."""

import argparse
import sys
from typing import Any

from gans_jax.cli.arguments import command, count, new_file
from gans_jax.cli.named_source import named_source
from gans_jax.core.output import counted
from gans_jax.data import excluding
from gans_jax.data.source import shown
from gans_jax.tools import deduplicate as hashing

DETAILS = """\
Lists groups of images that are copies of each other, even if they were recompressed, resized or
slightly cropped. SOURCE is one of these:

  FOLDER              a folder of images, with its subfolders
  FILE                an IDX file of images, gzipped or not
  tfds:NAME[:SPLIT]   a split of a dataset that TensorFlow Datasets has prepared (default: train)
  FILE.py[:NAME]      the data of an experiment, with options such as `--data.path`, as for `train`

Each line is a file, or the number of an example counted from 0, and an empty line separates groups.
Line breaks and the like in a name are shown as escapes. No file is changed or removed. With
--exclude, all images of a group but the first one go into a list, and data.Excluding(source, LIST)
is the source without them.

The hashes that are compared come from an autoencoder, which is first trained on the images
themselves, so that fewer than a few hundred images give poor hashes. Each image is read once; a
temporary file keeps 3,072 bytes of it."""


def add(commands: Any) -> None:
    parser = command(commands, deduplicate, DETAILS, own_help=True)
    text = "a folder, an IDX file, tfds:NAME, or an experiment"
    parser.add_argument("file", metavar="SOURCE", help=text)
    text = "write which images to leave out to this file, for data.Excluding"
    parser.add_argument("--exclude", type=new_file, metavar="LIST", help=text)
    text = f"how many of {hashing.CODE} bits may differ in a pair (default: {hashing.DISTANCE})"
    parser.add_argument("--distance", type=count, default=hashing.DISTANCE, metavar="N", help=text)
    text = f"how long the autoencoder is trained (default: {hashing.ITERATIONS})"
    parser.add_argument(
        "--iterations", type=count, default=hashing.ITERATIONS, metavar="N", help=text
    )


def deduplicate(options: argparse.Namespace, overrides: list[str]) -> None:
    source = named_source(options.file, overrides, "deduplicate", size=hashing.SIDE)
    images = hashing.Thumbnails(source)
    encoder = hashing.train(images, options.iterations)
    found = hashing.groups(images, encoder, options.distance)
    files = getattr(source, "files", range(len(source)))
    names = [[shown(str(files[index])) for index in group] for group in found]
    print("\n\n".join("\n".join(group) for group in names))
    copies = [index for group in found for index in group[1:]]
    if options.exclude is not None:
        excluding.write(options.exclude, source, copies)
    groups, all_images = counted(len(found), "group"), counted(len(source), "image")
    print(f"{groups}, {len(copies):,} of {all_images} extra", file=sys.stderr)

"""The command `pack`."""

import argparse
import dataclasses
import os
import re
from pathlib import Path
from typing import Any

from gans_jax.cli.arguments import command, count, path, whole
from gans_jax.cli.named_source import named_source
from gans_jax.core.output import counted
from gans_jax.data import TFDS, ImageFolder
from gans_jax.data.source import Source
from gans_jax.runs import ConfigError
from gans_jax.tools.pack import pack as write

SIZE = 64
PACK = """\
Writes the examples of SOURCE into the folder OUT once, decoded and brought to their size, as shards
in the format array_record with a manifest, and prints the source that reads them. SOURCE is one of
these:

  FILE.py[:NAME]      the data of an experiment, with options such as `--data.path`, as for `train`,
                      or the name of an installed experiment
  FOLDER              a folder of images, with its subfolders, or its address in an object store
  FILE                an IDX file of images, gzipped or not
  tfds:NAME[:SPLIT]   a split of a dataset that TensorFlow Datasets has prepared (default: train)

Of a source that draws windows, corruptions or the order of two domains at random, the images are
packed from which it draws, and the printed source draws as before. Repeat a command that was
stopped: shards that are whole are read through and kept, and all others are written. The command
needs array_record: run `pip install '.[pack]'`. Reading does not."""


def add(commands: Any) -> None:
    parser = command(commands, pack, PACK, own_help=True)
    text = "an experiment, a folder, an IDX file, or tfds:NAME"
    parser.add_argument("file", metavar="SOURCE", help=text)
    parser.add_argument("out", type=path, metavar="OUT", help="the folder to write, or to complete")
    text = f"the side of the images of a folder or of a dataset (default: {SIZE} for a folder)"
    parser.add_argument("--size", type=count, metavar="N", help=text)
    text = (
        "keep the images larger than their size by N pixels, for random windows "
        "(default: what the source's `augment` needs)"
    )
    parser.add_argument("--margin", type=_pixels, metavar="N", help=text)
    text = "threads that decode (default: one for each core)"
    parser.add_argument("--threads", type=count, default=os.cpu_count(), metavar="N", help=text)


def pack(options: argparse.Namespace, overrides: list[str]) -> None:
    source = _sized(named_source(options.file, overrides, "pack", SIZE), options)
    out: Path = options.out
    found = write(source, out, options.margin, options.threads, title="pack")
    # As an experiment's file writes it.
    text = re.sub(r"\b([A-Z]\w*\()", r"data.\1", repr(found))
    print(f"{counted(len(found), 'example')} in {out}: give an experiment, as its data,\n{text}")


def _sized(source: Source, options: argparse.Namespace) -> Source:
    """Returns the source with the size that `--size` asks for."""
    if options.size is None:
        return source
    if options.file.rpartition(":")[0].endswith(".py") or options.file.endswith(".py"):
        raise ConfigError("--size is for folders and datasets: use --data.size for an experiment")
    if not isinstance(source, ImageFolder | TFDS):
        raise ConfigError(f"--size does not resize {options.file}: leave it out")
    return dataclasses.replace(source, size=options.size)


def _pixels(text: str) -> int:
    return whole(text, 0, 2**15, "a whole number of pixels")

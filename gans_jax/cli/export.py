"""The command `export`."""

import argparse
from typing import Any

from gans_jax import training
from gans_jax.cli.arguments import add_run, command, count, new_file
from gans_jax.cli.experiment_file import load_sampler

EXPORT = """\
Writes the trained sampler as StableHLO for CPU, CUDA and TPU, with the parameters in it. It runs
with nothing but JAX and flatbuffers:

  import jax.export, numpy
  sampler = jax.export.deserialize(open("sampler.bin", "rb").read())
  images = sampler.call(numpy.uint32(0))

The argument is a seed; `images` is float32 [num, ...] in [-1, 1], what `sample` draws from it."""


def add(commands: Any) -> None:
    about = "write the sampler as a file that runs without this package"
    parser = command(commands, export, about, EXPORT)
    add_run(parser)
    parser.add_argument("--num", type=count, default=64, help="images of a call (default: 64)")
    parser.add_argument(
        "--stablehlo", type=new_file, required=True, metavar="FILE", help="to write"
    )


def export(options: argparse.Namespace, _: list[str]) -> None:
    experiment, state = load_sampler(options)
    data = training.export_sampler(experiment.method, state, options.num)
    options.stablehlo.write_bytes(data)

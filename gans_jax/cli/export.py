"""The command `export`."""

import argparse
from typing import Any

from gans_jax.cli.arguments import add_run, command, count, new_file
from gans_jax.cli.experiment_file import load_sampler, own_classes
from gans_jax.core import files
from gans_jax.tools.export import export_sampler
from gans_jax.tools.interop.run_folders import PARTS, export_part

EXPORT = """\
With --stablehlo, writes the trained sampler with its parameters as a program for CPU, CUDA and TPU,
which needs nothing but JAX and flatbuffers:

  import jax.export, numpy, pathlib
  sampler = jax.export.deserialize(pathlib.Path("sampler.bin").read_bytes())
  images = sampler.call(numpy.uint32(0))

The argument is a seed. `images` is float32 [num, ...] in [-1, 1], and equals what the command
`sample` draws with that seed. The sampler of a conditional method takes the classes, int32 [num],
as a second argument.

With --pytorch, writes a network of a translator as a state dict, which `load_state_dict` reads in
junyanz/pytorch-CycleGAN-and-pix2pix. FILE must end in .pth, which needs PyTorch, or in
.safetensors."""


def add(commands: Any) -> None:
    parser = command(commands, export, EXPORT)
    add_run(parser)
    text = "images in a call (default: 64)"
    parser.add_argument("--num", type=count, default=64, metavar="N", help=text)
    kind = parser.add_mutually_exclusive_group(required=True)
    text = "write the sampler to FILE"
    kind.add_argument("--stablehlo", type=new_file, metavar="FILE", help=text)
    kind.add_argument("--pytorch", type=new_file, metavar="FILE", help="write a network to FILE")
    text = "which network --pytorch writes: %(choices)s (default: a-to-b)"
    parser.add_argument("--part", choices=PARTS, default="a-to-b", metavar="PART", help=text)


def export(options: argparse.Namespace, _: list[str]) -> None:
    if options.pytorch:
        export_part(options.workdir, options.pytorch, options.part, own_classes(options))
        return
    experiment, state = load_sampler(options)
    files.write(options.stablehlo, export_sampler(experiment.method, state, options.num))

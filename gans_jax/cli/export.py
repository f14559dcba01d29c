"""The command `export`."""

import argparse
from typing import Any

from gans_jax.cli.arguments import add_run, command, count, new_file
from gans_jax.cli.experiment_file import load_sampler, own_classes
from gans_jax.core import files
from gans_jax.tools.export import export_sampler
from gans_jax.tools.interop.run_folders import PARTS, export_part

EXPORT = """\
Writes the trained sampler as StableHLO for CPU, CUDA and TPU, with the parameters in it. It runs
with nothing but JAX and flatbuffers:

  import jax.export, numpy
  sampler = jax.export.deserialize(open("sampler.bin", "rb").read())
  images = sampler.call(numpy.uint32(0))

The argument is a seed; `images` is float32 [num, ...] in [-1, 1], what `sample` draws from it.

With --pytorch, writes a network of a translator as a state dict for `load_state_dict` in
junyanz/pytorch-CycleGAN-and-pix2pix: FILE.pth, which needs PyTorch, or FILE.safetensors."""


def add(commands: Any) -> None:
    about = "write the sampler, or a translator's network, for use without this package"
    parser = command(commands, export, about, EXPORT)
    add_run(parser)
    parser.add_argument("--num", type=count, default=64, help="images of a call (default: 64)")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--stablehlo", type=new_file, metavar="FILE", help="to write the sampler to")
    kind.add_argument("--pytorch", type=new_file, metavar="FILE", help="to write a network to")
    text = "the network for --pytorch: %(choices)s (default: a-to-b)"
    parser.add_argument("--part", choices=PARTS, default="a-to-b", metavar="PART", help=text)


def export(options: argparse.Namespace, _: list[str]) -> None:
    if options.pytorch:
        export_part(options.workdir, options.pytorch, options.part, own_classes(options))
        return
    experiment, state = load_sampler(options)
    files.write(options.stablehlo, export_sampler(experiment.method, state, options.num))

"""The command `import`."""

import argparse
from typing import Any

from gans_jax.cli.arguments import command, count, workdir
from gans_jax.tools.interop.run_folders import PARTS, import_run
from gans_jax.tools.interop.state_dicts import DISCRIMINATORS, GENERATORS
from gans_jax.weights import WeightsError

IMPORT = """\
Makes a run folder, for `translate` and others, of networks that were trained by
junyanz/pytorch-CycleGAN-and-pix2pix:

  import latest_net_G.pth --network unet_256 --workdir RUN
  import --a-to-b latest_net_G_A.pth --b-to-a latest_net_G_B.pth --network resnet_9blocks \\
      --workdir RUN

One generator becomes a run of Pix2Pix, which translates from a to b, however the generator was
trained. Two become a run of CycleGAN, which translates in both directions. Kinds of norm, numbers
of channels and widths are read from the files. No code in a file is executed."""


def add(commands: Any) -> None:
    parser = command(commands, import_, IMPORT)
    text = "the only generator, as a .pth or .safetensors file"
    parser.add_argument("checkpoint", nargs="?", metavar="CHECKPOINT", help=text)
    parser.add_argument("--a-to-b", metavar="FILE", help="the generator from a to b (G_A)")
    parser.add_argument("--b-to-a", metavar="FILE", help="the generator from b to a (G_B)")
    text = "the architecture of the generators: %(choices)s"
    parser.add_argument("--network", required=True, choices=GENERATORS, metavar="NAME", help=text)
    parser.add_argument(
        "--workdir", required=True, type=workdir, metavar="RUN", help="the new folder"
    )
    text = "the discriminator of translations from a to b (D or D_A; default: an untrained one)"
    parser.add_argument("--discriminator-a-to-b", metavar="FILE", help=text)
    text = "the discriminator of translations from b to a (D_B; default: an untrained one)"
    parser.add_argument("--discriminator-b-to-a", metavar="FILE", help=text)
    text = "the architecture of the discriminators: %(choices)s (default: basic)"
    parser.add_argument(
        "--discriminator-network",
        choices=DISCRIMINATORS,
        default="basic",
        metavar="NAME",
        help=text,
    )
    text = "images for further training: pairs A|B, or trainA and trainB for two generators"
    parser.add_argument("--data", metavar="FOLDER", help=text)
    text = "the side of the images in training (default: 256, or 128 for unet_128)"
    parser.add_argument("--size", type=count, metavar="N", help=text)
    text = "translate with running statistics and without dropout, as `test.py --eval` does"
    parser.add_argument("--eval", action="store_true", help=text)


def import_(options: argparse.Namespace, _: list[str]) -> None:
    if (options.checkpoint is None) == (options.a_to_b is None):
        raise WeightsError("give one generator as CHECKPOINT, or two as --a-to-b and --b-to-a")
    if options.eval and options.b_to_a:
        raise WeightsError("a CycleGAN always translates as if with --eval: leave it out")
    given = vars(options) | {"a_to_b": options.checkpoint or options.a_to_b}
    files = {part: given[part.replace("-", "_")] for part in PARTS}
    experiment = import_run(
        options.workdir,
        {part: file for part, file in files.items() if file is not None},
        options.network,
        discriminator=options.discriminator_network,
        size=options.size,
        path=options.data,
        evaluation=options.eval,
    )
    print(f"{options.workdir}: a run of {type(experiment.method).__name__}, {options.network}")

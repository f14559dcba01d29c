"""The command `import`."""

import argparse
from pathlib import Path
from typing import Any

from gans_jax.cli.arguments import command, count
from gans_jax.tools.interop import run_folders as runs
from gans_jax.tools.interop import state_dicts as networks
from gans_jax.weights import WeightsError

IMPORT = """\
Makes a run folder of networks that junyanz/pytorch-CycleGAN-and-pix2pix saved, for `translate`:

  import latest_net_G.pth --network unet_256 --workdir RUN
  import --a-to-b latest_net_G_A.pth --b-to-a latest_net_G_B.pth --network resnet_9blocks \\
      --workdir RUN

One generator gives a run of Pix2Pix, which translates from a to b, whatever that generator was
trained as; two give a run of CycleGAN, which translates in both directions. Nothing in a file is
executed. Norm, channels and widths are those of the files."""


def add(commands: Any) -> None:
    about = "make a run folder of networks that PyTorch has trained"
    parser = command(commands, import_, about, IMPORT)
    text = "the one generator, .pth or .safetensors"
    parser.add_argument("checkpoint", nargs="?", metavar="CHECKPOINT", help=text)
    parser.add_argument("--a-to-b", metavar="FILE", help="generator of domain b from a (G_A)")
    parser.add_argument("--b-to-a", metavar="FILE", help="generator of domain a from b (G_B)")
    text = "of the generators: %(choices)s"
    names = {"choices": networks.GENERATORS, "metavar": "NAME"}
    parser.add_argument("--network", required=True, **names, help=text)
    parser.add_argument("--workdir", required=True, type=Path, metavar="RUN", help="a new folder")
    text = "that judges translations from a to b (D or D_A; default: a new one)"
    parser.add_argument("--discriminator-a-to-b", metavar="FILE", help=text)
    text = "that judges translations from b to a (D_B; default: a new one)"
    parser.add_argument("--discriminator-b-to-a", metavar="FILE", help=text)
    names = {"choices": networks.DISCRIMINATORS, "metavar": "NAME", "default": "basic"}
    text = "of the discriminators: %(choices)s (default: basic)"
    parser.add_argument("--discriminator-network", **names, help=text)
    text = "images to train on further: pairs A|B, or trainA and trainB for two generators"
    parser.add_argument("--data", metavar="FOLDER", help=text)
    text = "side of images in training (default: 256, 128 for unet_128)"
    parser.add_argument("--size", type=count, metavar="N", help=text)
    text = "translate with running statistics and no dropout, as `test.py --eval` does"
    parser.add_argument("--eval", action="store_true", help=text)


def import_(options: argparse.Namespace, _: list[str]) -> None:
    if (options.checkpoint is None) == (options.a_to_b is None):
        raise WeightsError("give one generator as CHECKPOINT, or two as --a-to-b and --b-to-a")
    if options.eval and options.b_to_a:
        raise WeightsError("a CycleGAN always translates as with --eval: leave it out")
    given = vars(options) | {"a_to_b": options.checkpoint or options.a_to_b}
    files = {part: given[part.replace("-", "_")] for part in runs.PARTS}
    experiment = runs.import_run(
        options.workdir,
        {part: file for part, file in files.items() if file is not None},
        options.network,
        discriminator=options.discriminator_network,
        size=options.size,
        path=options.data,
        evaluation=options.eval,
    )
    print(f"{options.workdir}: a run of {type(experiment.method).__name__}, {options.network}")

"""What the commands' arguments have in common."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from gans_jax.runs import ConfigError


def command(
    commands: Any, run: Callable[..., None], about: str, details: str = "", own_help: bool = False
) -> argparse.ArgumentParser:
    """A new command of `run`'s name; `own_help` if what it does not know are overrides."""
    parser = commands.add_parser(
        run.__name__.rstrip("_"),  # `import` is a word of Python's own
        help=about,
        description=details or about[0].upper() + about[1:] + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=not own_help,
    )
    if own_help:
        text = "this, or, after the positional argument, the overrides"
        parser.add_argument("-h", "--help", nargs=0, default=False, action=_Help, help=text)
    parser.set_defaults(run=run)
    return parser


def add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workdir", type=Path, metavar="RUN", help="the folder that `train` made")
    text = "the file that defines classes of your own which the run's experiment is made of"
    parser.add_argument("--experiment", metavar="FILE", help=text)


def add_picture(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=png, required=True, metavar="PNG", help="file to write")
    parser.add_argument("--seed", type=seed, default=0, help="of the noise (default: 0)")


def add_devices(parser: argparse.ArgumentParser) -> None:
    text = "of this machine to share each batch among: a number, or all (default: the first)"
    parser.add_argument("--devices", type=_devices_wanted, metavar="N", help=text)


def local_devices(wanted: int | str | None) -> list[jax.Device] | None:
    """The devices that `--devices` asks for; None for the default one."""
    if wanted is None:
        return None
    here = jax.local_devices()
    num = len(here) if wanted == "all" else wanted
    if num > len(here):
        raise ConfigError(f"this machine has {len(here)} devices, not {num}: ask for fewer")
    return here[:num]


class _Help(argparse.Action):
    """Help on a command, or, once its positional argument is read, on the overrides."""

    def __call__(self, parser: argparse.ArgumentParser, options: Any, *_: Any) -> None:
        if (options.file if hasattr(options, "file") else options.workdir) is None:
            parser.print_help()
            parser.exit()
        options.help = True


def png(text: str) -> Path:
    if not text.endswith(".png"):
        raise argparse.ArgumentTypeError(f"{text!r} must end in .png")
    return new_file(text)


def new_file(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}: make it first")
    return path


def seed(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 0 to 2^63 - 1")
    return int(text)


def count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} must be a positive whole number")
    return int(text)


def _devices_wanted(text: str) -> int | str:
    return text if text == "all" else count(text)

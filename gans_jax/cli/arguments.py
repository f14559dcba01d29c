"""Arguments that several commands share, and the types of arguments."""

import argparse
import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np

from gans_jax import pictures
from gans_jax.cli.commands import COMMANDS
from gans_jax.core import extras, store
from gans_jax.core.output import counted
from gans_jax.runs import ConfigError, remote

SIDE = 900  # pixels up to which a small picture is enlarged


def command(
    commands: Any, run: Callable[..., None], details: str = "", own_help: bool = False
) -> argparse.ArgumentParser:
    """Adds a command to the command line.

    Args:
      commands: the result of `add_subparsers`.
      run: the function that runs the command; its name is the command's name.
      details: the text of `--help`, by default the line of `COMMANDS` as a sentence.
      own_help: whether unknown options are overrides of an experiment, which have a help of their
        own behind the positional argument.
    """
    name = run.__name__.rstrip("_")  # `import` is a word of Python's own
    about = COMMANDS[name].about
    parser = commands.add_parser(
        name,
        description=details or about[0].upper() + about[1:] + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=not own_help,
    )
    if own_help:
        text = "show this help; behind FILE or RUN, list the overrides as well"
        parser.add_argument("-h", "--help", nargs=0, default=False, action=_Help, help=text)
    parser.set_defaults(run=run)
    return parser


def add_run(parser: argparse.ArgumentParser) -> None:
    text = "the run folder that `train` made, or its address, such as gs://bucket/run"
    parser.add_argument("workdir", type=workdir, metavar="RUN", help=text)
    text = "the experiment's Python file, if it has classes of your own or holds its data in memory"
    parser.add_argument("--experiment", metavar="FILE", help=text)


def add_picture(parser: argparse.ArgumentParser, moving: bool = False) -> None:
    """Adds `--out` and `--seed`; a `moving` picture may be a GIF or MP4 file."""
    text = (
        "the file to write (default: in RUN, with the name of the command; for a RUN in an object "
        "store, in the current folder, with the names of both)"
    )
    kind, metavar = (picture, "PNG|GIF|MP4") if moving else (png, "PNG")
    parser.add_argument("--out", type=kind, metavar=metavar, help=text)
    parser.add_argument("--seed", type=seed, default=0, help="seed of the noise (default: 0)")


def write_picture(
    options: argparse.Namespace, drawn: np.ndarray, columns: Sequence[str] = ()
) -> None:
    """Writes the picture that a command has drawn of a run, with names of columns; says where."""
    out = options.out or beside(options, options.workdir, f"{options.run.__name__}.png")
    pictures.save(out, pictures.titled(pictures.enlarged(drawn, SIDE), columns=columns))
    print(f"written to {out}")


def add_devices(parser: argparse.ArgumentParser) -> None:
    text = "share each batch among N devices of this machine, or `all` (default: only the first)"
    parser.add_argument("--devices", type=_devices_wanted, metavar="N", help=text)


def local_devices(wanted: int | Literal["all"] | None) -> list[jax.Device] | None:
    """Returns the devices that `--devices` asks for, and None without that option."""
    if wanted is None:
        return None
    here = jax.local_devices()
    num = wanted if isinstance(wanted, int) else len(here)
    if num > len(here):
        raise ConfigError(
            f"this machine has {counted(len(here), 'device')}, not {num}: ask for fewer"
        )
    return here[:num]


class _Help(argparse.Action):
    """Shows the help of a command; behind a file or a run it adds the list of overrides."""

    def __call__(self, parser: argparse.ArgumentParser, options: Any, *_: Any) -> None:
        parser.print_help()
        if (options.file if hasattr(options, "file") else options.workdir) is None:
            parser.exit()
        print()
        options.help = True


def path(text: str) -> Path:
    """Parses the path of a file or a folder of this machine."""
    if store.is_address(text):
        reason = "only data and the folders of runs can be in an object store"
        raise argparse.ArgumentTypeError(f"{text}: {reason}: give a path of this machine")
    return Path(text)


def workdir(text: str) -> Path | str:
    """Parses the folder of a run, or its address in an object store, which stays a text."""
    return text if store.is_address(text) else Path(text)


@contextlib.contextmanager
def brought(options: argparse.Namespace) -> Iterator[None]:
    """Gives a command that reads runs copies of those that are in object stores."""
    options.copies = {}
    with contextlib.ExitStack() as stack:

        def bring(run: Path | str) -> Path:
            folder = stack.enter_context(remote.visited(run))
            if store.is_address(run):
                options.copies[folder] = run
            return folder

        if getattr(options, "workdir", None) is not None:
            options.workdir = bring(options.workdir)
        if hasattr(options, "workdirs"):
            options.workdirs = [*map(bring, options.workdirs)]
        yield


def beside(options: argparse.Namespace, run: Path, name: str) -> Path:
    """Returns where a command writes a file about a run: in its folder, or in the current one.

    The copy of a run in an object store is gone after the command, so that the file's name begins
    with the run's address, whose parts `_` joins.
    """
    if run not in options.copies:
        return run / name
    parts = options.copies[run].partition("://")[2].split("/")
    return Path("_".join([*filter(None, parts), name]))


def png(text: str, suffixes: tuple[str, ...] = (".png",)) -> Path:
    """Parses the path of a new PNG file."""
    if not text.endswith(suffixes):
        raise argparse.ArgumentTypeError(f"{text!r} must end in {' or '.join(suffixes)}")
    return new_file(text)


def picture(text: str) -> Path:
    """Parses the path of a new PNG, GIF or MP4 file."""
    found = png(text, (".png", ".gif", ".mp4"))
    if found.suffix == ".mp4" and (reason := extras.lack("imageio-ffmpeg")):
        raise argparse.ArgumentTypeError(f"an MP4 file {reason}")
    return found


def new_file(text: str) -> Path:
    """Parses the path of a file to write, in a folder that exists."""
    new = path(text)
    if not new.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {new.parent}: make it first")
    return new


def whole(text: str, least: int, most: float, what: str) -> int:
    """Parses a whole number in a range, which `what` describes in the error."""
    if not (text.isdecimal() and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"{text!r} must be {what}")
    return int(text)


def seed(text: str) -> int:
    """Parses a whole number from 0 on."""
    return whole(text, 0, 2**63 - 1, "a whole number from 0 to 2^63 - 1")


def count(text: str) -> int:
    """Parses a whole number from 1 on."""
    return whole(text, 1, math.inf, "a positive whole number")


def workers(text: str) -> int:
    """Parses a number of processes."""
    return whole(text, 0, 1000, "a whole number from 0 to 1000")


def _devices_wanted(text: str) -> int | Literal["all"]:
    what = "a positive whole number, or `all`"
    return "all" if text == "all" else whole(text, 1, math.inf, what)

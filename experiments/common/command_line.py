"""Options that several experiments read from their command lines."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any


def parser(description: str) -> argparse.ArgumentParser:
    """Returns a parser whose help is a module's docstring, with its line breaks."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def picture_options(description: str, out: str, **defaults: Any) -> argparse.Namespace:
    """Reads `--out`, the picture's file, and one option for each of the defaults.

    Args:
      description: what `--help` prints, usually the module's docstring.
      out: the picture's file unless `--out` names another.
      **defaults: the default of the option of that name; the option has its type.
    """
    options = parser(description)
    options.add_argument("--out", type=Path, default=Path(out), help=f"picture (default: {out})")
    for name, value in defaults.items():
        text = f"default: {value}"
        options.add_argument(f"--{name}", type=type(value), default=value, help=text)
    return options.parse_args()


def for_each_run(description: str, report: Callable[[Path], None]) -> None:
    """Calls `report` with every run folder that the command line names."""
    options = parser(description)
    options.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="a run's folder")
    for workdir in options.parse_args().runs:
        report(workdir)

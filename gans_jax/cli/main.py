"""Finds the command that is asked for. Only then is anything loaded that takes long."""

import argparse
import difflib
import sys
from collections.abc import Sequence

from gans_jax.cli.commands import COMMANDS
from gans_jax.cli.paths import absent
from gans_jax.version import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code.

    The code is 0 on success, 1 after an error whose message was printed, 2 if `plan` refuses, and
    128 + n after signal n.
    """
    words = sys.argv[1:] if argv is None else [*argv]
    if words and words[0] in COMMANDS:
        if error := absent(words[0], words[1:]):
            print(f"error: {error}", file=sys.stderr)
            return 1
        from gans_jax.cli.run import run  # takes a second: jax and all methods

        return run(words[0], words[1:])
    parser = _parser()
    if words and not words[0].startswith("-"):
        close = difflib.get_close_matches(words[0].lower(), COMMANDS, n=1)
        remedy = f"did you mean {close[0]}?" if close else "`gans_jax --help` lists the commands"
        parser.error(f"there is no command {words[0]}: {remedy}")
    parser.parse_args(words)
    raise AssertionError("a command is required")


def _parser() -> argparse.ArgumentParser:
    """Returns a parser that knows the names of the commands alone."""
    parser = argparse.ArgumentParser(
        "gans_jax",
        description="Trains generative adversarial networks, and uses the trained ones.",
        epilog="`gans_jax COMMAND --help` tells the options of a command.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gans_jax {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.about)
    return parser

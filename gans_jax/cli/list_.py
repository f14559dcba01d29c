"""The command `list`."""

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gans_jax.cli.arguments import command, path
from gans_jax.runs import ConfigError


def add(commands: Any) -> None:
    parser = command(commands, list_)
    text = "where to look for them (default: experiments)"
    default = Path("experiments")
    parser.add_argument(
        "folder", type=path, nargs="?", default=default, metavar="FOLDER", help=text
    )


def list_(options: argparse.Namespace, _: list[str]) -> None:
    if not options.folder.is_dir():
        raise ConfigError(f"there is no folder {options.folder}: name the folder of experiments")
    found = [line for file in sorted(options.folder.rglob("*.py")) for line in _lines(file)]
    if not found:
        raise ConfigError(f"{options.folder} has no experiments: name another folder")
    print("\n".join(found))


def _lines(file: Path) -> Iterator[str]:
    """Yields a file's name and the first line of its text, if it defines experiments."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return
    targets = [
        target
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    if {"experiment", "experiments"} & {t.id for t in targets if isinstance(t, ast.Name)}:
        about = (ast.get_docstring(tree) or "").partition("\n")[0]
        yield f"{file}\n    {about}"

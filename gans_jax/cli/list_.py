"""The command `list`."""

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gans_jax.cli.arguments import command, path
from gans_jax.cli.paths import installed_experiments
from gans_jax.runs import ConfigError


def add(commands: Any) -> None:
    parser = command(commands, list_)
    text = "where to look for them (default: those that come with the package)"
    parser.add_argument("folder", type=path, nargs="?", metavar="FOLDER", help=text)


def list_(options: argparse.Namespace, _: list[str]) -> None:
    folder = options.folder or installed_experiments() or Path("experiments")
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}: name the folder of experiments")
    found = [line for file in sorted(folder.rglob("*.py")) for line in _lines(file)]
    if not found:
        raise ConfigError(f"{folder} has no experiments: name another folder")
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
        yield f"{_shown(file)}\n    {about}"


def _shown(file: Path) -> Path:
    """Returns a file's path from here, if it is inside."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file

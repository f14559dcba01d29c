"""The rows of a table that takes hours: each is kept in a file and is not computed again."""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from experiments.common import command_line
from gans_jax import ops
from gans_jax.core import files


def parser(description: str, names: Sequence[str], out: str) -> argparse.ArgumentParser:
    """Returns a parser of `--rows`, some of `names`, and `--out`, the folder of their files."""

    def rows(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := sorted(set(chosen) - set(names)):
            raise argparse.ArgumentTypeError(
                f"there is no row {', '.join(unknown)}: choose from {', '.join(names)}"
            )
        return chosen

    options = command_line.parser(description)
    options.add_argument("--rows", type=rows, default=",".join(names), metavar="NAME,NAME")
    options.add_argument("--out", type=Path, default=Path(out), help=f"folder (default: {out})")
    return options


def compute(rows: Sequence[str], out: Path, run: Callable[[str], dict[str, Any]]) -> None:
    """Writes `run(name)` to `out/NAME.json` for each row that has no file yet."""
    ops.keep_freed_memory()
    out.mkdir(parents=True, exist_ok=True)
    for name in rows:
        file = out / f"{name}.json"
        if not file.exists():
            files.write(file, json.dumps(run(name), indent=1) + "\n")
            print(name, "done", flush=True)


def read(names: Sequence[str], out: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the name and the contents of each row that has a file, in the order of `names`."""
    for name in names:
        file = out / f"{name}.json"
        if file.exists():
            yield name, json.loads(file.read_text())

"""The metrics of a run as lines of JSON."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from gans_jax.core import files
from gans_jax.runs.config import ConfigError

# A line has some tens of metrics.
MAX_LINE = 100_000


def read_metrics(path: Path, strict: bool = True) -> list[dict[str, float]]:
    """Reads the lines of a metrics file; a file that is absent has none.

    A last line that a crash has cut off is left out.

    Raises:
      ConfigError: if a line before the last is damaged. If not `strict`, the lines before it are
        returned instead.
    """
    lines = []
    texts = path.read_bytes().splitlines() if path.is_file() else []
    for number, text in enumerate(texts, start=1):
        try:
            lines.append(_line(text))
        except (ValueError, RecursionError, OverflowError) as error:
            if number == len(texts) or not strict:
                break
            raise ConfigError(
                f"{path} is damaged in line {number} ({error}): restore it from a copy, or move "
                "it away, which costs the run its curves alone"
            ) from error
    return lines


def _line(text: bytes) -> dict[str, float]:
    if len(text) > MAX_LINE:
        raise ValueError(f"more than {MAX_LINE} characters")
    found = json.loads(text)
    if not isinstance(found, dict) or type(found.get("step")) is not int:
        raise ValueError("no object with a step")
    for name, value in found.items():
        if value is not None:
            if type(value) not in (int, float):
                raise ValueError(f"{name[:50]!r} is not a number")
            float(value)  # OverflowError where it is too large
    return found


def keep_lines(path: Path, last: int) -> None:
    """Drops the lines after iteration `last` from a metrics file, if there is one."""
    kept = [line for line in read_metrics(path) if line["step"] <= last]
    files.write(path, "".join(json.dumps(line) + "\n" for line in kept))


def append(path: Path, values: Mapping[str, float | None]) -> None:
    """Adds a line to a metrics file, with null for the values that are not finite."""
    finite = {n: v if v is not None and math.isfinite(v) else None for n, v in values.items()}
    with path.open("a") as file:
        print(json.dumps(finite, allow_nan=False), file=file)

"""The metrics of a run as lines of JSON."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from gans_jax.core import files
from gans_jax.runs.config import ConfigError

# A line has some tens of metrics, and may have thousands.
MAX_LINE = 1_000_000
_BLOCK = 2**21  # more than a line may have


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
            raise _damaged(path, f"in line {number}", error) from error
    return lines


def _damaged(path: Path, where: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"{path} is damaged {where} ({error}): restore it from a copy, or move it away, which "
        "costs the run its curves alone"
    )


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


def last_step(path: Path) -> int | None:
    """Returns the step of the last line in a metrics file, of which it reads the end alone.

    Returns None if the file is absent or has no whole line.

    Raises:
      ConfigError: if the last whole line is damaged.
      OSError: if the file cannot be read.
    """
    return next((step for step, _ in _steps_from_the_end(path)), None)


def keep_lines(path: Path, last: int) -> None:
    """Cuts off the lines after iteration `last` from a metrics file, if there is one.

    It reads no line before them. A last line that a crash has cut off goes as well.

    Raises:
      ConfigError: if a line that it reads is damaged; the file is then left as it is.
      OSError: if the file cannot be read or written.
    """
    kept = next((end for step, end in _steps_from_the_end(path) if step <= last), 0)
    if path.exists() and path.stat().st_size > kept:
        with path.open("r+b") as file:
            file.truncate(kept)
            os.fsync(file.fileno())


def _steps_from_the_end(path: Path) -> Iterator[tuple[int, int]]:
    """Yields the step of each whole line and the offset of its end, from the last to the first."""
    try:
        with files.open_regular(path) as file:
            for text, end in _lines_from_the_end(file):
                try:
                    step = _line(text)["step"]
                except (ValueError, RecursionError, OverflowError) as error:
                    raise _damaged(path, f"before its byte {end}", error) from error
                yield int(step), end
    except FileNotFoundError:
        return


def _lines_from_the_end(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yields each whole line and the offset of its end, from the last to the first."""
    start = file.seek(0, os.SEEK_END)
    text, end = b"", 0
    while start:
        size = min(_BLOCK, start)
        start -= size
        file.seek(start)
        text = file.read(size) + text[:_BLOCK]
        stop = len(text)
        while (cut := text.rfind(b"\n", 0, stop)) >= 0:
            if end:
                yield text[cut + 1 : stop], end
            stop, end = cut, start + cut + 1
        text = text[:stop]
    if end:
        yield text, end


def append(path: Path, values: Mapping[str, float | None]) -> None:
    """Adds a line to a metrics file, with null for the values that are not finite."""
    finite = {n: v if v is not None and math.isfinite(v) else None for n, v in values.items()}
    with path.open("a") as file:
        print(json.dumps(finite, allow_nan=False), file=file)

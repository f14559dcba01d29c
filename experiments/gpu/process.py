"""Runs the parts, each in a process of its own that is ended when its time is up."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from experiments.gpu.surroundings import ROOT

GRACE = 5.0  # seconds between the request to end and the end
LOG = 2000  # characters of a failed part's output that are kept
_MEASURED = {
    "busy_percent": "utilization.gpu",
    "memory_mb": "memory.used",
    "watts": "power.draw",
    "mhz": "clocks.sm",
}


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    seconds: float,
    card: str | None,
) -> dict[str, Any]:
    """Runs `experiments.gpu.part` and returns its status and what it found until its end.

    Args:
      arguments: the module, and what `part.py` takes after the file.
      environment: of the process.
      folder: for the files in which the part writes.
      seconds: after which the part is ended, with all processes that it has started.
      card: the card that the driver watches meanwhile; None for none.
    """
    module, *rest = arguments
    file, log = folder / "figures.json", folder / "log.txt"
    command = [sys.executable, "-m", "experiments.gpu.part", module, str(file), *rest]
    start, status = time.monotonic(), "interrupted"
    with log.open("w") as output, _watched(card, folder / "watched.csv") as watched:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = "done" if process.wait(seconds) == 0 else "failed"
        except subprocess.TimeoutExpired:
            status = "cut off"
        except KeyboardInterrupt:
            pass
        finally:
            _end(process)
    figures = json.loads(file.read_text()) if file.exists() else {}
    found = {"status": status, "seconds": round(time.monotonic() - start, 1)}
    if reason := figures.pop("lacks", None):
        found |= {"status": "skipped", "reason": reason}
    if status == "failed":
        ended = f"the process ended with {process.returncode}"
        found |= {
            "reason": figures.pop("error", ended),
            "log": log.read_text(errors="replace")[-LOG:],
        }
    return found | {"limit_s": round(seconds, 1), "figures": figures, "driver": watched}


def _end(process: subprocess.Popen) -> None:
    """Ends a process and all that it has started."""
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


@contextlib.contextmanager
def _watched(card: str | None, file: Path) -> Iterator[dict[str, Any]]:
    """Yields a dict that has, after the block, what the driver measured of the card in it."""
    found: dict[str, Any] = {}
    if card is None or shutil.which("nvidia-smi") is None:
        yield found
        return
    query = f"--query-gpu={','.join(_MEASURED.values())}"
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits", "-lms", "1000", "-i", card]
    with file.open("w") as output:
        watcher = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        try:
            yield found
        finally:
            watcher.terminate()
            watcher.wait()
    columns = zip(*(line.split(",") for line in file.read_text().splitlines()), strict=False)
    for name, column in zip(_MEASURED, columns, strict=False):
        values = [float(text) for text in column if text.strip().replace(".", "", 1).isdigit()]
        if values:
            found[name] = {"mean": round(mean(values), 1), "max": max(values)}

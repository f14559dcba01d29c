"""The checkpoint that the evaluations of a run rated best, kept beside the newest ones."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

from gans_jax.core import files
from gans_jax.runs.checkpoint import CheckpointError, Checkpoints
from gans_jax.runs.folder import read_best
from gans_jax.runs.metrics_file import count_lines

SELECTION = (
    "this state was chosen because this number was the best of several, so that the number is "
    "biased in its favour: report a number that had no part in the choice, such as the result of "
    "`evaluate RUN --best` on held-out examples"
)


def offer(workdir: Path, step: int, state: Any, result: Any) -> None:
    """Keeps the state if its result (`evaluation.Result`) is the best so far.

    `best.json` then says which state is the best, how good it is, and how many evaluations it was
    chosen from, which are this one and those in `metrics.jsonl`.

    Raises:
      CheckpointError: if the state cannot be saved.
    """
    before = _best(workdir)
    sign = 1 if result.better == "lower" else -1
    if sign * result.value < before["value"] * sign or math.isnan(before["value"]):
        _save(workdir / "best", step, state)
        before |= {"step": step, "value": result.value}
    count = 1 + count_lines(workdir / "metrics.jsonl", result.metric)
    what = f"best of {count} evaluations by {result.metric}"
    found = before | {"metric": result.metric, "evaluations": count, "label": what}
    found |= {"split": result.split, "real": result.real, "fake": result.fake}
    text = json.dumps(found | {"selection": SELECTION}, indent=2, allow_nan=False)
    files.write(workdir / "best.json", text + "\n")


def _best(workdir: Path) -> dict[str, Any]:
    """Returns what `best.json` says, with NaN for the value if there is no best state yet."""
    try:
        return read_best(workdir)
    except CheckpointError:
        return {"step": None, "value": math.nan}


def _save(directory: Path, step: int, state: Any) -> None:
    # Two are kept, so that the one in best.json is there until the other is.
    with Checkpoints(directory, keep=2) as checkpoints:
        later = [other for other in checkpoints.steps() if other >= step]
    # A run that was resumed from before its best may meet a better state on the way.
    for other in later:
        shutil.rmtree(directory / str(other))
    with Checkpoints(directory, keep=2) as checkpoints:
        checkpoints.save(step, state)

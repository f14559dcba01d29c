"""The checkpoint that the evaluations of a run rated best, kept beside the newest ones."""

import json
import math
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

from gans_jax.core import files
from gans_jax.runs import strict_json
from gans_jax.runs.checkpoint import CheckpointError, Checkpoints
from gans_jax.runs.metrics_file import read_metrics

SELECTION = (
    "this state was chosen because this number was the best of several, so that the number is "
    "biased in its favour: report a number that had no part in the choice, such as the result of "
    "`evaluate RUN --best` on held-out examples"
)
# It has a few hundred.
MAX_BYTES = 1_000_000


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
        _save(workdir, step, state)
        before |= {"step": step, "value": result.value}
    lines = read_metrics(workdir / "metrics.jsonl")
    count = 1 + sum(result.metric in line for line in lines)
    what = f"best of {count} evaluations by {result.metric}"
    found = before | {"metric": result.metric, "evaluations": count, "label": what}
    found |= {"split": result.split, "real": result.real, "fake": result.fake}
    text = json.dumps(found | {"selection": SELECTION}, indent=2, allow_nan=False)
    files.write(workdir / "best.json", text + "\n")


def read_best(workdir: Path) -> dict[str, Any]:
    """Reads which checkpoint is in `best` and why; CheckpointError if there is no `best.json`."""
    file = workdir / "best.json"
    try:
        found = strict_json.read(file, MAX_BYTES)
        kept = {name: found[name] for name in ("metric", "evaluations", "label")}
        return kept | {"step": int(found["step"]), "value": float(found["value"])}
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{workdir} has no best checkpoint: train with --evaluate-every, or take the newest"
        ) from error
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise CheckpointError(
            f"{file} is damaged ({error}): restore it from a copy, or take the newest checkpoint"
        ) from error


def _best(workdir: Path) -> dict[str, Any]:
    """Returns what `best.json` says, with NaN for the value if there is no best state yet."""
    nothing = {"step": None, "value": math.nan}
    if not os.path.lexists(workdir / "best.json"):
        return nothing
    found = read_best(workdir)
    if found["step"] in _open(workdir).steps():
        return found
    warnings.warn(
        f"{workdir / 'best'} no longer has step {found['step']}, which was the best: the best is "
        "chosen anew from here on",
        stacklevel=3,
    )
    return nothing


def _open(workdir: Path) -> Checkpoints:
    # Two are kept, so that the one in best.json is there until the other is.
    return Checkpoints.of_run(workdir, 2, "best")


def _save(workdir: Path, step: int, state: Any) -> None:
    # A run that was resumed from before its best may meet a better state on the way.
    for later in (other for other in _open(workdir).steps() if other >= step):
        shutil.rmtree(workdir / "best" / str(later))
    with _open(workdir) as checkpoints:
        checkpoints.save(step, state)

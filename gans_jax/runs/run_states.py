"""The states of one run, or of several that go on together, in the folders of the runs."""

import contextlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gans_jax.core import files
from gans_jax.runs import metrics_file, strict_json
from gans_jax.runs.checkpoint import CheckpointError, Checkpoints

# The file in a run's folder that says that the run has saved a checkpoint, and of which step.
SAVED = "saved.json"


def save_all(places: Sequence[Path], keep: int, step: int, states: Sequence[Any]) -> None:
    """Saves the states of the runs in several folders, each unless the run has that step."""
    for place, state in zip(places, states, strict=True):
        with Checkpoints.of_run(place, keep) as checkpoints:
            latest = checkpoints.latest()
            if latest is None or step > latest:
                checkpoints.save(step, state)
                _note_saved(place, step)


def restore_all(places: Sequence[Path], keep: int, like: Any) -> tuple[int, list[Any]]:
    """Reads the newest step that the runs in several folders all have, to go on from it.

    Returns:
      The step, and the state of each run; 0 and an empty list if no run has ever saved one.

    Raises:
      CheckpointError: if the runs have no step in common, a run has no intact step, or a run has
        saved a checkpoint and has none now.
    """
    with contextlib.ExitStack() as stack:
        runs = [stack.enter_context(Checkpoints.of_run(p, keep)) for p in places]
        for place, run in zip(places, runs, strict=True):
            refuse_lost(place, run.latest())
        # This sets damaged steps aside, so that they are not among the common ones.
        newest = [run.restore(like, resuming=True) for run in runs if run.latest() is not None]
        if not newest:
            return 0, []
        common = set.intersection(*(set(run.steps()) for run in runs))
        oldest = min(step for step, _ in newest)
        start = max((step for step in common if step <= oldest), default=None)
        if start is None:
            raise CheckpointError(
                f"the runs in {places[0].parent} have no step in common: resume each by itself, "
                f"such as `python -m gans_jax resume {places[0]}`"
            )
        pairs = zip(runs, newest, strict=True)
        return start, [
            s if step == start else r.restore(like, start, resuming=True)[1]
            for r, (step, s) in pairs
        ]


def refuse_lost(place: Path, latest: int | None) -> None:
    """Raises CheckpointError if a run has saved checkpoints, and no longer has any.

    `latest` is the newest step that it has. If the run has saved a newer one, this is a warning.
    """
    if (saved := _last_saved(place)) is None or (latest is not None and saved <= latest):
        return
    if latest is None:
        raise CheckpointError(
            f"{place} has saved a checkpoint of iteration {saved}, but {place / 'checkpoints'} has "
            "none: put it back or mount its disk; to start over, move the run away and train anew"
        )
    warnings.warn(
        f"{place} has saved a checkpoint of iteration {saved}, but its newest one is now of "
        f"iteration {latest}: the iterations after that are trained again",
        stacklevel=3,
    )


def check_metrics(places: Sequence[Path], logged: int) -> None:
    """Warns of each run whose metrics do not reach an iteration that it has logged."""
    for place in places:
        path = place / "metrics.jsonl"
        if (last := metrics_file.last_step(path) or 0) < logged:
            warnings.warn(
                f"{path} ends at iteration {last}, but the run has logged iteration {logged}: the "
                "lines between them are lost, unless you put the file back from a copy now",
                stacklevel=3,
            )


def _note_saved(place: Path, step: int) -> None:
    try:
        files.write(place / SAVED, json.dumps({"step": step}) + "\n")
    except OSError as error:
        raise CheckpointError(
            f"{place / SAVED} cannot be written ({error.strerror}): make room there and allow "
            "writing"
        ) from error


def _last_saved(place: Path) -> int | None:
    """Returns the step of the newest checkpoint that a run has ever saved, None if it has none."""
    try:
        step = strict_json.read(place / SAVED, 1000)["step"]
        if type(step) is not int:
            raise ValueError("step is not a whole number")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{place / SAVED} is damaged ({error}): remove it if the checkpoints are there"
        ) from error
    return step

"""What runs that go on together leave behind, each in its own folder."""

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from gans_jax import wrappers
from gans_jax.pictures.overview import write_report
from gans_jax.runs import best_checkpoint as best
from gans_jax.runs.checkpoint import CheckpointError, Checkpoints
from gans_jax.training.logs import Logs
from gans_jax.training.program import Program

# What the metrics of a player's update end in.
PLAYERS = ("_loss", "_gradient_norm")


class Record(contextlib.ExitStack):
    """The checkpoints and logs of one run or several, a context manager.

    Whatever is read or written has one item a run, in the order of their folders. A process that
    only follows another has no folders, and what it is given is not asked for an item.
    """

    def __init__(self, workdirs: Sequence[Path], program: Program) -> None:
        super().__init__()
        self._workdirs, self._program = workdirs, program
        self._experiment = program.experiment
        self._logs: list[Logs] = []
        self._checkpoints: list[Checkpoints] = []

    def __enter__(self) -> Self:
        super().__enter__()
        for workdir in self._workdirs:
            checkpoints = Checkpoints(workdir / "checkpoints", self._experiment.keep)
            self._checkpoints.append(self.enter_context(checkpoints))
        return self

    def restore(self, like: Any) -> tuple[int, list[Any]]:
        """The newest step that all runs have, and its states; 0 and none if no run has any.

        CheckpointError if they have none in common, or if one has none that is intact.
        """
        if all(each.latest() is None for each in self._checkpoints):
            return 0, []
        # This sets aside what is damaged, so that the steps that stay are good as far as it looked.
        newest = [each.restore(like) for each in self._checkpoints if each.latest() is not None]
        common = set.intersection(*(set(each.steps()) for each in self._checkpoints))
        start = max((s for s in common if s <= min(step for step, _ in newest)), default=None)
        if start is None:
            raise CheckpointError(
                f"the runs in {self._workdirs[0].parent} have no step in common: resume each by "
                f"itself, such as `python -m gans_jax resume {self._workdirs[0]}`"
            )
        pairs = zip(self._checkpoints, newest, strict=True)
        return start, [s if step == start else c.restore(like, start)[1] for c, (step, s) in pairs]

    def open(self, start: int, title: str | None) -> None:
        """Begins the logs behind iteration `start`, under one progress bar if it has a title."""
        for index, workdir in enumerate(self._workdirs):
            with _writing(workdir):
                logs = Logs(workdir, start, self._experiment.iterations, None if index else title)
            self._logs.append(self.enter_context(logs))

    def advance(self, iterations: int, images: int) -> None:
        for logs in self._logs:
            logs.advance(iterations, images)

    def pictures(self, step: int, pictures: Iterable[np.ndarray]) -> None:
        for workdir, logs, picture in zip(self._workdirs, self._logs, pictures, strict=False):
            with _writing(workdir):
                logs.picture(step, picture)

    def metrics(self, step: int, values: Iterable[dict[str, float]]) -> None:
        """Logs the metrics of iteration number `step`, and the learning rates that it had."""
        rates = self._experiment.method.learning_rates(step - 1)
        for workdir, logs, own in zip(self._workdirs, self._logs, values, strict=False):
            with _writing(workdir):
                logs.metrics(step, rates | own)

    def evaluate(self, step: int, states: Iterable[Any]) -> list[dict[str, float]]:
        """Rates each run's state, which it keeps if none was better, and returns the numbers."""
        found = []
        for workdir, logs, state in zip(self._workdirs, self._logs, states, strict=True):
            with logs.paused():
                result = self._program.monitor(wrappers.unwrap(state), step)
                with _writing(workdir):
                    best.offer(workdir, step, state, result)
            found.append({result.metric: result.value})
        return found

    def save(self, step: int, states: Iterable[Any]) -> None:
        for checkpoints, state in zip(self._checkpoints, states, strict=False):
            # A run that was ahead of the others' newest common step has this state already.
            if step > (checkpoints.latest() or 0):
                checkpoints.save(step, state)

    def report(self) -> None:
        for workdir in self._workdirs:
            with _writing(workdir):
                write_report(workdir, self._experiment)


@contextlib.contextmanager
def _writing(workdir: Path) -> Iterator[None]:
    """OSError that names the folder and the remedy."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"{workdir} cannot be written ({error.strerror or error}): make room there and allow "
            f"writing, then continue with `python -m gans_jax resume {workdir}`"
        ) from error


def rescue(workdirs: Sequence[Path], keep: int, step: int, states: Sequence[Any]) -> bool:
    """Saves the states of runs whose next batch cannot be had; False where no folder is in sight.

    Any process may do this alone: the others wait for it in the next iteration and write nothing.
    """
    if not all((workdir / "config.json").exists() for workdir in workdirs):
        return False
    for workdir, state in zip(workdirs, states, strict=True):
        with Checkpoints(workdir / "checkpoints", keep) as checkpoints:
            if step > (checkpoints.latest() or 0):
                checkpoints.save(step, state)
    return True


def check(metrics: Sequence[dict[str, float]], done: int, names: Sequence[str], limit: int) -> None:
    """FloatingPointError that names a player's metric of a run that is not finite after `done`.

    It is called after every iteration, so that `done` is the first such. With a limit above 0, if
    the last `limit` iterations of a run were skipped instead. `names` say which run, as in
    ` of seed 3`; that of a run alone is empty.
    """
    remedy = (
        "lower the learning rate, or change what bounds the networks; "
        "the checkpoints before it are kept"
    )
    for values, run in zip(metrics, names, strict=True):
        if limit and values["skipped_in_a_row"] >= limit:
            raise FloatingPointError(
                f"{values['skipped_in_a_row']:.0f} iterations{run} in a row up to iteration {done} "
                f"were skipped, since a loss or a gradient was not finite: {remedy}"
            )
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad and not limit:
            name = next((n for n in bad if n.endswith(PLAYERS)), bad[0])
            player = name.removesuffix("_loss").removesuffix("_gradient_norm")
            raise FloatingPointError(
                f"{name}{run} is {values[name]} after iteration {done}, the first such iteration "
                f"(player {player}): {remedy}"
            )

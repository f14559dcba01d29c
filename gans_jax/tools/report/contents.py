"""The contents of a page about a run, read from its folder; unreadable parts become notes."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np

from gans_jax import core, pictures, training
from gans_jax.evaluation import EvaluationError, Result, result
from gans_jax.evaluation.collect import collect
from gans_jax.evaluation.evaluate import FILE
from gans_jax.evaluation.measures import neighbours_picture
from gans_jax.evaluation.sets import generated, of_source
from gans_jax.runs import CheckpointError, best_checkpoint, folder
from gans_jax.runs.experiment import Experiment
from gans_jax.runs.metrics_file import read_sample

T = TypeVar("T")
_GRIDS, _ROWS, _STEPS, _NEIGHBOURS = 6, 6, 10, 5


@dataclasses.dataclass(frozen=True)
class Contents:
    """All that a page shows of a run.

    Attributes:
      experiment: the run's experiment.
      config: the content of `config.json`.
      lines: the lines of `metrics.jsonl`, or some of them if they are many.
      results: the results of `evaluate`.
      best: the content of `best.json`, or None without a best checkpoint.
      grids: files of pictures of samples, by iteration.
      interpolation: a picture of images between pairs of noise, or None.
      neighbours: a picture of samples beside their nearest training images, or None.
      notes: why parts are missing.
    """

    experiment: Experiment
    config: str
    lines: list[dict[str, Any]]
    results: list[Result]
    best: dict[str, Any] | None
    grids: dict[int, Path]
    interpolation: np.ndarray | None
    neighbours: np.ndarray | None
    notes: tuple[str, ...]

    @property
    def done(self) -> int:
        """The number of the last iteration that was logged."""
        return self.lines[-1]["step"] if self.lines else 0

    @property
    def input_wait(self) -> float | None:
        """The mean share of the time in which the run waited for data; None if none was logged."""
        _, shares = curve(self.lines, "input_wait")
        known = shares[np.isfinite(shares)]
        return float(known.mean()) if known.size else None


def read(workdir: Path, extra: Sequence[Any] = ()) -> Contents:
    """Reads all that a page shows of a run from its folder.

    Raises:
      ConfigError: if there is no run, or its experiment cannot be rebuilt.
    """
    experiment = folder.read_experiment(workdir, extra)
    notes: list[str] = []
    results = _or_note(notes, "metrics", lambda: result.read(workdir / FILE))
    loaded = _or_note(notes, "pictures", lambda: training.load(workdir, extra))
    interpolation = neighbours = None
    if loaded and core.is_sampler(experiment.method):
        interpolation = _or_note(notes, "interpolation", lambda: _interpolation(*loaded))
        neighbours = _or_note(notes, "nearest neighbours", lambda: _neighbours(*loaded))
    has_best = (workdir / "best.json").exists()
    best = _or_note(notes, "best", lambda: best_checkpoint.read_best(workdir)) if has_best else None
    return Contents(
        experiment,
        (workdir / "config.json").read_text("utf-8"),
        _or_note(notes, "curves", lambda: read_sample(workdir / "metrics.jsonl")) or [],
        results or [],
        best,
        _grids(workdir / "samples"),
        interpolation,
        neighbours,
        tuple(notes),
    )


def _or_note(notes: list[str], what: str, function: Callable[[], T]) -> T | None:
    try:
        return function()
    except (CheckpointError, EvaluationError, OSError, ValueError) as error:
        notes.append(f"no {what}: {error}")
        return None


def _grids(samples: Path) -> dict[int, Path]:
    """Chooses six pictures, evenly from the first to the last."""
    named = {int(path.stem): path for path in samples.glob("*.png") if path.stem.isdecimal()}
    steps = sorted(named)
    if len(steps) > _GRIDS:
        at = np.linspace(0, len(steps) - 1, _GRIDS).round().astype(int)
        steps = [steps[i] for i in at]
    return {step: named[step] for step in steps}


def _interpolation(experiment: Experiment, state: core.State) -> np.ndarray | None:
    images = pictures.between(experiment.method, state, jax.random.key(0), _ROWS, _STEPS)
    return pictures.grid(images, columns=_STEPS) if images.ndim == 4 else None


def _neighbours(experiment: Experiment, state: core.State) -> np.ndarray | None:
    real = of_source(experiment.data)
    if not real.are_images or real.shape[2] not in (1, 3):
        return None
    fake = generated(experiment.method, state, _ROWS, batch_size=_ROWS)
    training_images, made = (collect(each, {}, pixels=True).pixels for each in (real, fake))
    return neighbours_picture(made, training_images, k=min(_NEIGHBOURS, len(training_images)))


def curve(lines: Sequence[dict[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the iterations and the values of a metric, both `[n]`; a null becomes NaN."""
    found = [(line["step"], line[name]) for line in lines if name in line]
    values = [v if isinstance(v, int | float) else math.nan for _, v in found]
    return np.array([step for step, _ in found]), np.array(values, float)

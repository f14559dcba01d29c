"""A whole run on one page."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from gans_jax.pictures import theme
from gans_jax.pictures.png import save
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment
from gans_jax.runs.metrics_file import read_sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CURVES = 12  # in one plot


def write_report(workdir: Path, experiment: Experiment) -> None:
    """Draws `report.png` in a run folder: its curves beside its first, middle and last samples.

    The losses of all players are above. Below them is the critic's estimate of the Wasserstein
    distance where the method has one, and else the norms of the gradients.

    Raises:
      ConfigError: if the folder has no metrics or no samples.
    """
    lines = read_sample(workdir / "metrics.jsonl")
    if not lines:
        raise ConfigError(f"{workdir} has no metrics to report: restore its metrics.jsonl")
    found = (workdir / "samples").glob("*.png")
    samples = sorted(file for file in found if re.fullmatch("[0-9]{8,20}", file.stem))
    if not samples:
        raise ConfigError(f"{workdir} has no pictures to report: restore its folder samples")
    with theme.figure(14, 7, dpi=110) as figure:
        cells = figure.add_gridspec(2, 3, width_ratios=(1.25, 0.75, 1.55))
        what = f"{type(experiment.method).__name__} on {type(experiment.data).__name__}"
        title = f"{workdir.resolve().name}: {what}, {lines[-1]['step']} iterations"
        figure.suptitle(theme.plain(title), fontsize=14)
        losses = [name for name in lines[-1] if name.endswith("_loss")]
        below = [name for name in lines[-1] if name == "wasserstein"]
        below = below or [name for name in lines[-1] if name.endswith("_gradient_norm")]
        _curves(figure.add_subplot(cells[0, 0]), lines, losses)
        _curves(figure.add_subplot(cells[1, 0]), lines, below)
        _show(figure.add_subplot(cells[0, 1]), samples[0])
        _show(figure.add_subplot(cells[1, 1]), samples[len(samples) // 2])
        _show(figure.add_subplot(cells[:, 2]), samples[-1])
        save(workdir / "report.png", theme.to_array(figure))


def _curves(axes: Axes, lines: list[dict[str, float]], names: list[str]) -> None:
    theme.style(axes)
    steps = np.array([line["step"] for line in lines])
    for name, colour in zip(names[:_CURVES], itertools.cycle(theme.COLOURS)):
        values = np.array([line.get(name) for line in lines], float)  # null becomes NaN
        theme.curve(axes, steps, values, colour, name.replace("_", " "))
    axes.set_xlabel("iteration", color=theme.MUTED)
    axes.legend(frameon=False, fontsize=10)


def _show(axes: Axes, file: Path) -> None:
    with Image.open(file, formats=["PNG"]) as image:
        cmap = "gray" if image.mode == "L" else None
        axes.imshow(np.asarray(image), cmap=cmap, vmin=0, vmax=255)
    axes.set_title(f"iteration {int(file.stem)}", fontsize=11, color=theme.MUTED)
    axes.set_axis_off()

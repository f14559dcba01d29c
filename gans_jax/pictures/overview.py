"""A whole run on one page."""

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gans_jax.pictures import theme
from gans_jax.pictures.grids import save
from gans_jax.pictures.theme import COLOURS, MUTED
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment
from gans_jax.runs.metrics_file import read_metrics


def write_report(workdir: Path, experiment: Experiment) -> None:
    """Draws `report.png` from a run folder: its curves beside its first, middle and last samples.

    The losses of all players are above, the critic's estimate of the Wasserstein distance below
    them where the method has one, and else the norms of the gradients.
    """
    from matplotlib.figure import Figure  # slow to import

    lines = read_metrics(workdir / "metrics.jsonl")
    if not lines:
        raise ConfigError(f"{workdir} has no metrics to report: restore its metrics.jsonl")
    files = (workdir / "samples").glob("*.png")
    samples = sorted(file for file in files if re.fullmatch("[0-9]{8,20}", file.stem))
    if not samples:
        raise ConfigError(f"{workdir} has no pictures to report: restore its folder samples")
    figure = Figure(figsize=(14, 7), dpi=110, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    cells = figure.add_gridspec(2, 3, width_ratios=(1.25, 0.75, 1.55))
    what = f"{type(experiment.method).__name__} on {type(experiment.data).__name__}"
    title = f"{workdir.resolve().name}: {what}, {lines[-1]['step']} iterations"
    figure.suptitle(title, fontsize=14)
    names = [name for name in lines[-1] if name.endswith("_loss")]
    below = [name for name in lines[-1] if name == "wasserstein"]
    below = below or [name for name in lines[-1] if name.endswith("_gradient_norm")]
    _curves(figure.add_subplot(cells[0, 0]), lines, names)
    _curves(figure.add_subplot(cells[1, 0]), lines, below)
    _show(figure.add_subplot(cells[0, 1]), samples[0])
    _show(figure.add_subplot(cells[1, 1]), samples[len(samples) // 2])
    _show(figure.add_subplot(cells[:, 2]), samples[-1])
    save(workdir / "report.png", theme.to_array(figure))


def _curves(axes: Any, lines: list[dict[str, float]], names: list[str]) -> None:
    steps = np.array([line["step"] for line in lines])
    for name, colour in zip(names, itertools.cycle(COLOURS)):
        values = np.array([line.get(name) for line in lines], float)  # null is NaN, a gap
        label = name.replace("_", " ")
        width = len(values) // 50
        if width > 1:
            axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
            values = np.convolve(values, np.ones(width) / width, mode="valid")
            axes.plot(steps[width - 1 :], values, color=colour, linewidth=1.8, label=label)
        else:
            marker = "o" if len(values) == 1 else None  # a line has no length then
            axes.plot(steps, values, color=colour, linewidth=1.8, marker=marker, label=label)
    axes.set_xlabel("iteration", color=MUTED)
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.tick_params(colors=MUTED)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#c8c8c8")
    axes.legend(frameon=False, fontsize=10)


def _show(axes: Any, file: Path) -> None:
    with Image.open(file) as image:
        grey = image.mode == "L"
        axes.imshow(np.asarray(image), cmap="gray" if grey else None, vmin=0, vmax=255)
    axes.set_title(f"iteration {int(file.stem)}", fontsize=11, color=MUTED)
    axes.set_axis_off()

"""Figures of experiments: one row of plots, in the colours of the package's pictures."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gans_jax.pictures.theme import COLOURS, MUTED

REAL, GENERATED = COLOURS[:2]


def figure(columns: int, title: str) -> tuple[Figure, list[Axes]]:
    """Returns a figure with a title, and its axes from left to right."""
    drawn = Figure(figsize=(4.6 * columns, 3.9), dpi=90, layout="constrained")
    FigureCanvasAgg(drawn)
    drawn.suptitle(title, fontsize=13)
    axes = list(drawn.subplots(1, columns, squeeze=False)[0])
    for ax in axes:
        ax.grid(color="#e6e6e6", linewidth=0.8)
        ax.tick_params(colors=MUTED)
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color("#c8c8c8")
    return drawn, axes


def save(drawn: Figure, out: Path) -> None:
    """Writes a figure to a file, whose folder is made if it is missing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(out)
    print(f"wrote {out}")

"""Figures of experiments: one row of plots, in the style of the package's pictures."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gans_jax import pictures
from gans_jax.pictures import theme

REAL, GENERATED = theme.COLOURS[:2]


def figure(columns: int, title: str) -> tuple[Figure, list[Axes]]:
    """Returns a figure with a title, and its axes from left to right."""
    drawn = theme.figure(4.6 * columns, 3.9, dpi=90)
    drawn.suptitle(title, fontsize=13)
    axes = list(drawn.subplots(1, columns, squeeze=False)[0])
    for ax in axes:
        theme.style(ax)
    return drawn, axes


def save(drawn: Figure, out: Path) -> None:
    """Writes a figure to a PNG file, whose folder is made if it is missing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    pictures.save(out, theme.to_array(drawn))
    print(f"wrote {out}")

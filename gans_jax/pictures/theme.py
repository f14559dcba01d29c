"""How all plots look, and figures that are drawn without a window.

    with theme.figure(4.8, 4.8) as figure:
        axes = figure.add_subplot()
        theme.style(axes)
        theme.curve(axes, steps, losses, theme.COLOURS[0], "generator_loss")
        pictures.save(path, theme.to_array(figure))

Matplotlib is slow to import: it is imported when a figure is made. Its settings are then its
defaults, whatever a `matplotlibrc` or the environment says, so that a plot of a run looks alike
everywhere and needs neither a window nor LaTeX.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#00798c", "#d1495b", "#edae49", "#66a182")
MUTED, PALE, PALEST = "#6b6b6b", "#c8c8c8", "#e6e6e6"
REAL, GENERATED = "#9a9a9a", COLOURS[1]


@contextlib.contextmanager
def figure(width: float, height: float, dpi: int = 100) -> Iterator[Figure]:
    """Makes an empty figure, which is to be filled and drawn within the block.

    Its width and height are in inches, and its axes find room by themselves.
    """
    matplotlib = _matplotlib()
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    defaults = {n: v for n, v in matplotlib.rcParamsDefault.items() if n != "backend"}
    with matplotlib.rc_context(defaults | {"svg.hashsalt": "gans_jax"}):
        layout = ConstrainedLayoutEngine(w_pad=width / 120, h_pad=width / 120)
        yield Figure(figsize=(width, height), dpi=dpi, layout=layout)


@functools.cache
def _matplotlib() -> ModuleType:
    """Imports Matplotlib, which fails by a backend or a file of settings that it cannot read."""
    neutral = {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
    before = {name: os.environ.get(name) for name in neutral}
    os.environ.update(neutral)
    try:
        # Before all others it reads the current folder's file, which no variable prevents.
        with contextlib.chdir("/") if os.path.exists("matplotlibrc") else contextlib.nullcontext():
            import matplotlib
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return matplotlib


def style(axes: Axes, fontsize: float = 10) -> None:
    """Gives axes a pale grid and muted numbers, and removes the lines at the right and above."""
    axes.grid(color=PALEST, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=fontsize)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(PALE)


def curve(axes: Axes, x: np.ndarray, y: np.ndarray, colour: str, label: str = "") -> None:
    """Draws `y` over `x`, both `[n]`; a NaN makes a gap.

    From a hundred values on, the line is their moving average over a fiftieth of them, and the
    values themselves are pale.
    """
    width = len(y) // 50
    if width > 1:
        axes.plot(x, y, color=colour, alpha=0.25, linewidth=0.8)
        x, y = x[width - 1 :], np.convolve(y, np.ones(width) / width, mode="valid")
    marker = "o" if len(y) < 30 else None
    axes.plot(x, y, color=colour, marker=marker, markersize=3, linewidth=1.8, label=plain(label))


def plain(text: str) -> str:
    """Makes text of a user fit to be drawn: what cannot be printed becomes a question mark.

    It also escapes `$`, between two of which Matplotlib would read mathematics. Names of files,
    folders and metrics go through this.
    """
    return "".join(c if c.isprintable() else "?" for c in text).replace("$", r"\$")


def to_array(figure: Figure) -> np.ndarray:
    """Draws a figure as a uint8 picture `[height, width, 3]`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def to_svg(figure: Figure) -> bytes:
    """Draws a figure as the content of an SVG file, which is the same for the same figure."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    content = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(content, metadata={"Date": None})
    return content.getvalue()

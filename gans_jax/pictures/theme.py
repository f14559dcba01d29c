"""How all plots look, and figures that are drawn without a window.

    figure = theme.figure(4.8, 4.8)
    axes = figure.add_subplot()
    theme.style(axes)
    theme.curve(axes, steps, losses, theme.COLOURS[0], "generator_loss")
    pictures.save(path, theme.to_array(figure))

Matplotlib is slow to import: it is imported when a figure is made.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#00798c", "#d1495b", "#edae49", "#66a182")
MUTED, PALE, PALEST = "#6b6b6b", "#c8c8c8", "#e6e6e6"
REAL, GENERATED = "#9a9a9a", COLOURS[1]


def figure(width: float, height: float, dpi: int = 100) -> Figure:
    """Makes an empty figure of a width and height in inches, whose axes find room by themselves."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=width / 120, h_pad=width / 120)
    return Figure(figsize=(width, height), dpi=dpi, layout=layout)


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
    """Escapes `$`, between two of which Matplotlib would read mathematics.

    Names of files, folders and metrics go through this.
    """
    return text.replace("$", r"\$")


def to_array(figure: Figure) -> np.ndarray:
    """Draws a figure as a uint8 picture `[height, width, 3]`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def to_svg(figure: Figure) -> bytes:
    """Draws a figure as the content of an SVG file, which is the same for the same figure."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "gans_jax"}):
        FigureCanvasSVG(figure).print_svg(content, metadata={"Date": None})
    return content.getvalue()

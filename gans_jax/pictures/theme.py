"""How all plots look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#00798c", "#d1495b", "#edae49", "#66a182")
MUTED = "#6b6b6b"
REAL, GENERATED = "#9a9a9a", "#d1495b"


def to_array(figure: Figure) -> np.ndarray:
    """Draws a figure, without a window, as a uint8 picture `[height, width, 3]`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # slow to import

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()

"""Figures of experiments: one row of plots, in the style of the package's pictures."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gans_jax import pictures
from gans_jax.pictures import theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REAL, GENERATED = theme.COLOURS[:2]


@contextlib.contextmanager
def figure(out: Path, columns: int, title: str, height: float = 3.9) -> Iterator[list[Axes]]:
    """Yields the axes of a figure with a title, from left to right, and then writes a PNG file.

    The file's folder is made if it is missing. `height` is in inches, of which a plot is 4.6 wide.
    """
    with theme.figure(4.6 * columns, height, dpi=90) as drawn:
        drawn.suptitle(title, fontsize=13)
        axes = list(drawn.subplots(1, columns, squeeze=False)[0])
        for ax in axes:
            theme.style(ax)
        yield axes
        out.parent.mkdir(parents=True, exist_ok=True)
        pictures.save(out, theme.to_array(drawn))
    print(f"wrote {out}")

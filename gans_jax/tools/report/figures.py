"""Pictures as data URIs, which an HTML page holds in itself."""

import base64
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gans_jax import pictures
from gans_jax.pictures import theme
from gans_jax.tools.report.contents import Contents, curve


def png(picture: np.ndarray) -> str:
    """Encodes a uint8 picture `[h, w, 1 or 3]` as a data URI."""
    return _uri("image/png", pictures.to_png(picture))


def png_file(path: Path) -> str | None:
    """Encodes the pixels of a PNG file as a data URI, or returns None if it holds no picture."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return png(np.atleast_3d(np.asarray(image.convert("RGB"))))
    except (OSError, SyntaxError, ValueError):
        return None


def curves(runs: Sequence[Contents], name: str) -> str:
    """Draws a metric over the iterations, for all runs that have it, as an SVG in a data URI."""
    with theme.figure(4.6, 2.9) as figure:
        axes = figure.add_subplot()
        theme.style(axes, fontsize=8)
        for run, colour in zip(runs, itertools.cycle(theme.COLOURS)):
            theme.curve(axes, *curve(run.lines, name), colour)
        axes.set_title(theme.plain(name), fontsize=10, loc="left")
        axes.set_xlabel("iteration", color=theme.MUTED, fontsize=8)
        return _uri("image/svg+xml", theme.to_svg(figure))


def names(runs: Sequence[Contents]) -> list[str]:
    """Returns the metrics of all runs: losses, then estimates and scores, norms, and the speed."""
    found = dict.fromkeys(name for run in runs for line in run.lines for name in line)
    shown = [name for name in found if name not in ("step", "seconds")]
    return sorted(shown, key=_rank)


def _rank(name: str) -> int:
    if name in ("images_per_second", "input_wait"):
        return 3
    if name.endswith("_gradient_norm"):
        return 2
    return 0 if name.endswith("_loss") else 1


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"

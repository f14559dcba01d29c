"""Pictures as text that an HTML page holds in itself."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gans_jax import pictures
from gans_jax.pictures.theme import COLOURS, MUTED
from gans_jax.tools.report.contents import Contents, curve


def png(picture: np.ndarray) -> str:
    """A uint8 picture `[h, w, 1 or 3]` as a data URI."""
    return _uri("image/png", pictures.to_png(picture))


def png_file(path: Path) -> str | None:
    """A PNG file as a data URI, written anew; None if it is no picture."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return png(np.atleast_3d(np.asarray(image.convert("RGB"))))
    except (OSError, SyntaxError, ValueError):
        return None


def curves(runs: Sequence[Contents], name: str) -> str:
    """A metric of all runs that have it, over the iterations, as an SVG in a data URI."""
    import matplotlib  # slow to import
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # Names come from files: `$` in them is not mathematics.
    with matplotlib.rc_context({"text.parse_math": False, "svg.hashsalt": "gans_jax"}):
        figure = Figure(figsize=(4.6, 2.9))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.15, 0.17, 0.82, 0.73))
        for index, run in enumerate(runs):
            steps, values = curve(run.lines, name)
            colour, width = COLOURS[index % len(COLOURS)], len(values) // 50
            if width > 1:
                axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
                values = np.convolve(values, np.ones(width) / width, mode="valid")
                steps = steps[width - 1 :]
            marker = "o" if len(values) < 30 else None
            axes.plot(steps, values, color=colour, linewidth=1.6, marker=marker, markersize=3)
        axes.set_title(name, fontsize=10, loc="left")
        axes.set_xlabel("iteration", color=MUTED, fontsize=8)
        axes.grid(color="#e6e6e6", linewidth=0.8)
        axes.tick_params(colors=MUTED, labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color("#c8c8c8")
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return _uri("image/svg+xml", file.getvalue())


def names(runs: Sequence[Contents]) -> list[str]:
    """The metrics of all runs: losses first, then estimates and scores, norms, and the speed."""
    found = dict.fromkeys(name for run in runs for line in run.lines for name in line)
    shown = [name for name in found if name not in ("step", "seconds")]
    return sorted(shown, key=_rank)


def _rank(name: str) -> int:
    if name == "images_per_second":
        return 3
    if name.endswith("_gradient_norm"):
        return 2
    return 0 if name.endswith("_loss") else 1


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"

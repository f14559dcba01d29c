"""What the pictures of the experiments on theory share."""

import argparse
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gans_jax.pictures.theme import COLOURS, MUTED

REAL, FAKE = COLOURS[:2]


def out_argument(description: str, default: str) -> Path:
    """The path given by --out."""
    return arguments(description, default).out


def arguments(description: str, out: str, **defaults: Any) -> argparse.Namespace:
    """--out, and an option for each default, of its type."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(out), help="where the picture goes")
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=type(value), default=value, help=f"default {value}")
    return parser.parse_args()


def figure(columns: int, title: str) -> tuple[Figure, list[Any]]:
    """A figure of one row of axes."""
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
    out.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(out)
    print(f"wrote {out}")

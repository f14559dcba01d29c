"""The votes per image as stacked bars."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gans_jax import pictures
from gans_jax.pictures import theme
from gans_jax.pictures.theme import COLOURS, MUTED
from gans_jax.tools.study.score import Score


def write_chart(scores: Sequence[tuple[str, Score]], out: Path) -> None:
    """Draws a bar per study and method, in percent of its images: won, tied and lost."""
    import matplotlib  # slow to import
    from matplotlib.figure import Figure

    bars = [(f"{name}: {v.name}", v) for name, found in scores for v in found.votes]
    totals = np.array([votes.won + votes.tied + votes.lost for _, votes in bars])
    parts = {
        "most raters chose it": ("won", COLOURS[0]),
        "as many did as did not": ("tied", COLOURS[2]),
        "most did not": ("lost", "#c8c8c8"),
    }
    # Names come from files: `$` in them is not mathematics.
    with matplotlib.rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(7, 1.3 + 0.45 * len(bars)), dpi=150, layout="constrained")
        axes = figure.subplots()
        left = np.zeros(len(bars))
        for label, (field, colour) in parts.items():
            counts = [getattr(votes, field) for _, votes in bars]
            shares = 100 * np.array(counts) / totals
            drawn = axes.barh(range(len(bars)), shares, left=left, color=colour, label=label)
            axes.bar_label(drawn, [n or "" for n in counts], label_type="center", fontsize=8)
            left += shares
        axes.set_yticks(range(len(bars)), [name for name, _ in bars], fontsize=8)
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of the images", color=MUTED, fontsize=8)
        axes.tick_params(colors=MUTED, labelsize=8)
        axes.spines[["top", "right", "left"]].set_visible(False)
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)
        picture = theme.to_array(figure)
    pictures.save(out, picture)

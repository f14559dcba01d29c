"""The votes per image as stacked bars."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gans_jax import pictures
from gans_jax.pictures import theme
from gans_jax.tools.study.score import Score


def write_chart(scores: Sequence[tuple[str, Score]], out: Path) -> None:
    """Draws a bar per study and method as a PNG file: the shares of its images won, tied and lost.

    `scores` are pairs of a study's name and its score.
    """
    bars = [(f"{name}: {v.name}", v) for name, score in scores for v in score.votes]
    counts = np.array([(v.won, v.tied, v.lost) for _, v in bars])
    shares = 100 * counts / counts.sum(axis=1, keepdims=True)
    starts = np.cumsum(shares, axis=1) - shares
    with theme.figure(7, 1.3 + 0.45 * len(bars), dpi=150) as figure:
        axes = figure.add_subplot()
        theme.style(axes, fontsize=8)
        parts = (
            ("most raters chose it", theme.COLOURS[0], "white"),
            ("as many did as did not", theme.COLOURS[2], "black"),
            ("most did not", theme.PALE, "black"),
        )
        for part, (label, colour, ink) in enumerate(parts):
            drawn = axes.barh(
                range(len(bars)), shares[:, part], left=starts[:, part], color=colour, label=label
            )
            texts = [str(count or "") for count in counts[:, part]]
            axes.bar_label(drawn, texts, label_type="center", fontsize=8, color=ink)
        axes.set_yticks(range(len(bars)), [theme.plain(name) for name, _ in bars], fontsize=8)
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of the images", color=theme.MUTED, fontsize=8)
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)
        pictures.save(out, theme.to_array(figure))

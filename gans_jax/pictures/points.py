"""Plots of points, generated over real."""

import numpy as np

from gans_jax.pictures import theme


def points(generated: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Plots generated points `[n, d]` over real ones `[m, d]` as a uint8 picture `[480, 480, 3]`.

    The plot is of histograms if d is 1, and else of the first two coordinates. The real points
    alone set its limits, so that the pictures of one run can be compared.
    """
    with theme.figure(4.8, 4.8) as figure:
        axes = figure.add_subplot()
        theme.style(axes)
        low, high = real.min(axis=0), real.max(axis=0)
        low, high = low - 0.25 * (high - low) - 0.1, high + 0.25 * (high - low) + 0.1
        axes.set_xlim(low[0], high[0])
        if real.shape[1] > 1:
            axes.set_ylim(low[1], high[1])
        bins = np.linspace(low[0], high[0], 61).tolist()
        drawn = (real, theme.REAL, "real"), (generated, theme.GENERATED, "generated")
        for values, colour, label in drawn:
            if real.shape[1] == 1:
                axes.hist(values[:, 0], bins, density=True, color=colour, alpha=0.6, label=label)
            else:
                axes.scatter(
                    values[:, 0], values[:, 1], s=9, color=colour, linewidths=0, label=label
                )
        axes.legend(loc="upper right", fontsize=8)
        return theme.to_array(figure)

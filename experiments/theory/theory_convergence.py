"""The order of distances (Arjovsky et al. 2017, arXiv:1701.07875, theorem 2), on four sequences.

Claim: convergence in either Kullback-Leibler divergence implies convergence in the Jensen-Shannon
divergence, which is equivalent to convergence in total variation, and implies convergence in the
Earth-Mover distance. Neither of the two implications can be reversed. The limit P is uniform on
[0, 1], in the last sequence on a segment of that length; P_n is

    a mixture, 1 - 1/n of P and 1/n of the density 2 x     all converge
    uniform on [0, 1 + 1/n]                                 all but KL(P_n || P), infinite
    uniform on [1/n, 1 + 1/n]                               TV, JS and W; both KL are infinite
    on a parallel segment, 1/n apart                        W alone

The lines are cut into cells of 1/64, which hold P_n exactly for n = 1, 2, 4, ..., 64.

    python -m experiments.theory.theory_convergence --out docs/experiments/theory_convergence.png

Measured on two cores of an AVX-512 Xeon shared with other jobs, Python 3.11, SciPy 1.17.1,
2026-11-22, nothing random: 11 s. The claim shows. At n = 64, in the order of the sequences:

    KL(P_n || P)     4.07e-5   infinite   infinite   infinite
    KL(P || P_n)     4.07e-5   0.0155     infinite   infinite
    Jensen-Shannon   1.02e-5   0.00536    0.0108     0.693
    total variation  0.00391   0.0154     0.0156     1
    Earth-Mover      0.00260   0.00781    0.0156     0.0156
"""

from pathlib import Path

import numpy as np

from experiments.common import command_line, plots
from gans_jax.metrics import earth_mover, jensen_shannon, kl_divergence, total_variation
from gans_jax.pictures import theme

CELLS = 64
LIMIT = np.repeat([1 / CELLS, 0], CELLS)  # P on the cells of [0, 2]
NS = 2 ** np.arange(7)
STYLES = {
    "KL(P_n || P)": (theme.COLOURS[2], "v"),
    "KL(P || P_n)": (theme.COLOURS[3], "^"),
    "Jensen-Shannon": (plots.GENERATED, "s"),
    "total variation": (theme.MUTED, "d"),
    "Earth-Mover": (plots.REAL, "o"),
}


def on_a_line() -> np.ndarray:
    """Returns the middles `[128, 2]` of the cells of [0, 2]."""
    return np.stack([(np.arange(2 * CELLS) + 0.5) / CELLS, np.zeros(2 * CELLS)], axis=1)


def on_two_lines(n: int) -> np.ndarray:
    """Returns the middles `[128, 2]` of the cells of [0, 1] and of a parallel segment 1/n apart."""
    points = on_a_line()
    points[CELLS:] = points[:CELLS] + np.array([0, 1 / n])
    return points


def uniform(start: float, stop: float) -> np.ndarray:
    """Returns the shares `[128]` of the cells of [0, 2] for the uniform distribution."""
    cells = np.zeros(2 * CELLS)
    cells[round(start * CELLS) : round(stop * CELLS)] = 1
    return cells / cells.sum()


def mixture(n: int) -> np.ndarray:
    """Returns the shares `[128]` of 1 - 1/n parts of the limit and 1/n of the density 2 x."""
    slope = LIMIT * 2 * on_a_line()[:, 0]
    return (1 - 1 / n) * LIMIT + slope / n


SEQUENCES = {
    "P mixed with another density": lambda n: (on_a_line(), mixture(n)),
    "uniform on [0, 1 + 1/n]": lambda n: (on_a_line(), uniform(0, 1 + 1 / n)),
    "uniform on [1/n, 1 + 1/n]": lambda n: (on_a_line(), uniform(1 / n, 1 + 1 / n)),
    "a segment 1/n apart": lambda n: (on_two_lines(n), LIMIT[::-1]),
}


def measure(points: np.ndarray, p: np.ndarray) -> dict[str, float]:
    """Returns the distances of p `[128]` to the limit, both over the same points `[128, 2]`."""
    here, there = p > 0, LIMIT > 0
    moved = earth_mover(points[here], points[there], p[here], LIMIT[there])
    return {
        "KL(P_n || P)": kl_divergence(p, LIMIT),
        "KL(P || P_n)": kl_divergence(LIMIT, p),
        "Jensen-Shannon": jensen_shannon(p, LIMIT),
        "total variation": total_variation(p, LIMIT),
        "Earth-Mover": moved.distance,
    }


def main(out: Path) -> None:
    with plots.figure(out, 4, "Distances of P_n to the uniform distribution P") as axes:
        for ax, (title, sequence) in zip(axes, SEQUENCES.items(), strict=True):
            measured = [measure(*sequence(n)) for n in NS]
            print(
                f"{title}, n = {NS[-1]}:", {k: float(f"{v:.4g}") for k, v in measured[-1].items()}
            )
            for name, (colour, marker) in STYLES.items():
                values = np.array([m[name] for m in measured])
                label = name if np.isfinite(values).all() else f"{name}, infinite"
                ax.plot(NS, values, marker, color=colour, linestyle="-", markersize=5, label=label)
            ax.set(title=title, xlabel="n", xscale="log", yscale="log", ylim=(1e-5, 3))
            ax.legend(frameon=False, fontsize=8, loc="lower left")


if __name__ == "__main__":
    main(command_line.picture_options(__doc__, "theory_convergence.png").out)

"""Example 1 of Wasserstein GAN (Arjovsky et al. 2017, arXiv:1701.07875, section 2 and figure 1).

Claim: between the uniform distributions on two parallel segments theta apart, the Earth-Mover
distance is |theta|, which a generator can descend. The other distances tell only whether theta is
0: the Jensen-Shannon divergence is log 2, the total variation 1, and both Kullback-Leibler
divergences are infinite.

    python -m experiments.theory.theory_parallel_lines \\
        --out docs/experiments/theory_parallel_lines.png

Measured on two cores of an AVX-512 Xeon shared with other jobs, Python 3.11, SciPy 1.17.1,
2026-11-22, nothing random: 7 s. The claim shows: at 21 values of theta in [-1, 1] the Earth-Mover
distance between 40 points on each segment is |theta| to 7e-16, and at the 20 values other than 0
the other distances are 0.693147, 1 and infinite.
"""

from pathlib import Path

import numpy as np

from experiments.common import command_line, plots
from gans_jax.metrics import earth_mover, jensen_shannon, kl_divergence, total_variation
from gans_jax.pictures import theme

POINTS = 40


def line(theta: float) -> np.ndarray:
    """Returns points `[n, 2]` of (theta, Z), the middles of n equal parts of the segment."""
    z = (np.arange(POINTS) + 0.5) / POINTS
    return np.stack([np.full(POINTS, theta), z], axis=1)


def over_all_points(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the shares that each of the points of x or y has in x and in y.

    Both are uniform on their own points, `[n, 2]` and `[m, 2]`.
    """
    points, place = np.unique(np.concatenate([x, y]), axis=0, return_inverse=True)
    shares = [np.bincount(part, minlength=len(points)) for part in np.split(place.ravel(), 2)]
    return shares[0] / len(x), shares[1] / len(y)


def measure(theta: float) -> dict[str, float]:
    """Returns the distances between the segments at 0 and at theta."""
    real, fake = line(0.0), line(theta)
    p, q = over_all_points(real, fake)
    return {
        "Earth-Mover": earth_mover(real, fake).distance,
        "Jensen-Shannon": jensen_shannon(p, q),
        "total variation": total_variation(p, q),
        "Kullback-Leibler": kl_divergence(p, q),
    }


def main(out: Path) -> None:
    thetas = np.linspace(-1, 1, 21).round(12)
    measured = [measure(theta) for theta in thetas]
    error = max(abs(m["Earth-Mover"] - abs(t)) for m, t in zip(measured, thetas, strict=True))
    print(f"largest | W - |theta| | over {len(thetas)} thetas: {error:.1e}")
    for theta, values in zip(thetas[10:13], measured[10:13], strict=True):
        print(f"theta {theta:.1f}:", ", ".join(f"{n} {v:.6g}" for n, v in values.items()))
    with plots.figure(out, 2, "Two parallel segments, theta apart") as axes:
        for ax, name in zip(axes, ("Earth-Mover", "Jensen-Shannon"), strict=True):
            ax.plot(thetas, [m[name] for m in measured], "o", color=plots.REAL, markersize=5)
            ax.set(title=name, xlabel="theta")
        axes[0].plot(thetas, np.abs(thetas), color=theme.MUTED, linewidth=1, label="|theta|")
        axes[1].axhline(np.log(2), color=theme.MUTED, linewidth=1, label="log 2")
        for ax in axes:
            ax.legend(frameon=False)


if __name__ == "__main__":
    main(command_line.picture_options(__doc__, "theory_parallel_lines.png").out)

"""What `aae_digits` and `aae_mixture_digits` report: python experiments/codes.py RUN...

Draws into RUN/codes.png the codes of the 1,000 held-out digits, coloured by their label, beside as
many draws of the prior, and prints how far the codes are from the prior (energy distance; that of
as many other draws is the least there can be), the mean squared error of the reconstructions, and
for a prior with components the share of the codes that lie nearest to that of their label.
"""

import sys
from pathlib import Path

import jax
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gans_jax import core, data, training
from gans_jax.metrics import energy_distance


def report(workdir: Path) -> None:
    experiment, state = training.load(workdir)
    method, prior = experiment.method, experiment.method.prior
    digits = data.Digits(split="test").arrays
    x, label = core.as_float(digits["image"]), digits["label"]
    codes, again = np.asarray(method.encode(state, x)), np.asarray(method.reconstruct(state, x))
    key, other = jax.random.split(jax.random.key(1))
    draws, more = (np.asarray(prior(k, len(x))) for k in (key, other))
    print(f"{workdir}, iteration {int(state.step)}, {len(x)} held-out digits:")
    print(f"  energy distance of codes to the prior  {energy_distance(codes, draws):.4f}")
    print(f"  energy distance of draws to draws      {energy_distance(more, draws):.4f}")
    print(f"  squared error of reconstructions       {np.square(again - x).mean():.4f}")
    print(f"  that of the mean digit                 {np.square(x.mean(axis=0) - x).mean():.4f}")
    components = getattr(prior, "components", 0)
    if components:
        labels = np.arange(components).repeat(200)
        centres = np.asarray(prior.given(key, labels)).reshape(components, 200, -1).mean(axis=1)
        nearest = np.linalg.norm(codes[:, None] - centres, axis=-1).argmin(axis=1)
        print(f"  codes nearest to their component       {(nearest == label).mean():.3f}")
    draw(workdir / "codes.png", codes, label, draws)


def draw(path: Path, codes: np.ndarray, label: np.ndarray, draws: np.ndarray) -> None:
    figure = Figure(figsize=(9.6, 4.8), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    dots = left.scatter(*codes.T, s=7, c=label, cmap="tab10", linewidths=0)
    left.set_title("codes of held-out digits")
    left.legend(*dots.legend_elements(), fontsize=7, loc="upper right")
    right.scatter(*draws.T, s=7, color="#9a9a9a", linewidths=0)
    right.set_title("draws of the prior")
    figure.savefig(path)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        report(Path(argument))

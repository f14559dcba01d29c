"""Compares the codes of an adversarial autoencoder's run with the prior.

    python -m experiments.common.autoencoder_codes RUN...

Draws the codes of the 1,000 held-out digits, coloured by label, beside as many draws of the prior
into RUN/codes.png. Prints the energy distance between codes and draws, and the distance between
two sets of draws, which is the least that can be expected; the mean squared error of the
reconstructions, and of the mean digit in their place; and, if the prior has a component for each
label, the share of the codes that lie nearest to the component of their label.
"""

from pathlib import Path

import jax
import numpy as np

from experiments.common import command_line
from gans_jax import core, data, pictures, priors, training
from gans_jax.metrics import energy_distance
from gans_jax.pictures import theme

DRAWS = 200  # of each component, whose mean is taken for its centre


def report(workdir: Path) -> None:
    """Prints the numbers of a run and draws its codes."""
    experiment, state = training.load(workdir)
    method, prior = experiment.method, experiment.method.prior
    digits = data.Digits(split="test").arrays
    x, label = core.as_float(digits["image"]), digits["label"]
    codes = np.asarray(method.encode(state, x))
    reconstructions = np.asarray(method.reconstruct(state, x))
    key, other_key = jax.random.split(jax.random.key(1))
    draws, other_draws = np.asarray(prior(key, len(x))), np.asarray(prior(other_key, len(x)))
    print(f"{workdir}, iteration {int(state.step)}, {len(x)} held-out digits:")
    print(f"  energy distance of codes to the prior  {energy_distance(codes, draws):.4f}")
    print(f"  energy distance of draws to draws      {energy_distance(other_draws, draws):.4f}")
    print(f"  squared error of reconstructions       {np.square(reconstructions - x).mean():.4f}")
    print(f"  squared error of the mean digit        {np.square(x.mean(axis=0) - x).mean():.4f}")
    if isinstance(prior, priors.GaussianMixture | priors.SwissRoll):
        components = np.arange(prior.components).repeat(DRAWS)
        points = np.asarray(prior.given(key, components))
        centres = points.reshape(prior.components, DRAWS, -1).mean(axis=1)
        nearest = np.linalg.norm(codes[:, None] - centres, axis=-1).argmin(axis=1)
        print(f"  codes nearest to their component       {(nearest == label).mean():.3f}")
    draw(workdir / "codes.png", codes, label, draws)


def draw(path: Path, codes: np.ndarray, label: np.ndarray, draws: np.ndarray) -> None:
    """Draws codes `[n, 2]`, coloured by label `[n]`, on the left of draws of the prior `[n, 2]`."""
    with theme.figure(9.6, 4.8) as figure:
        left, right = figure.subplots(1, 2, sharex=True, sharey=True)
        dots = left.scatter(*codes.T, s=7, c=label, cmap="tab10", linewidths=0)
        left.set_title("codes of held-out digits")
        left.legend(*dots.legend_elements(), fontsize=7, loc="upper right")
        right.scatter(*draws.T, s=7, color=theme.REAL, linewidths=0)
        right.set_title("draws of the prior")
        pictures.save(path, theme.to_array(figure))


if __name__ == "__main__":
    command_line.for_each_run(__doc__, report)

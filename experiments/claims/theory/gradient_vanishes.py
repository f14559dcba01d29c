"""The gradient of log(1 - D) vanishes as D gets better; the one through a critic does not."""

import functools

import numpy as np

from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.theory.theory_vanishing_gradient import CHECKS, METHODS, measure
from gans_jax import data


def growth(method: str, seed: int) -> Numbers:
    """Returns how the generator's gradient changed from 10 to 4,000 updates of its opponent."""
    source = data.TwoGaussians(means=(1.5, 2.5), std=0.25)
    norm, _ = measure(METHODS[method], source, seed).curves
    return {"growth": float(np.log10(norm[-1] / norm[CHECKS.index(10)]))}


claim = Claim(
    sentence="As the discriminator gets better, the gradient of log(1 - D) vanishes, while the "
    "gradient through a critic does not.",
    source="Arjovsky and Bottou 2017, theorem 2.4 and figure 2; Wasserstein GAN, section 3",
    null="the gradient's norm is as large after 4,000 updates of the opponent as after 10",
    setup="a generator of points on a line, fixed as it is initialised, against two Gaussians; its "
    "opponents are fully connected and see 64 points an update",
    arms={name: functools.partial(growth, name) for name in ("log(1 - D)", "WGAN")},
    measures={"growth": "log10 of the gradient's norm after 4,000 updates over its norm after 10"},
    rule=(
        Condition("growth", "log(1 - D)", "<", -1),
        Condition("growth", "WGAN", ">", "log(1 - D)"),
        Condition("growth", "WGAN", ">", -0.5),
    ),
    seeds=10,
    picture="theory_vanishing_gradient.png",
    remark="the two Gaussians overlap the generator's points, while the theorem is about supports "
    "that do not.",
)

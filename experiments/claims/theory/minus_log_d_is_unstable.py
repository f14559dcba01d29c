"""Whether the gradient of -log D gets relatively noisier as the discriminator gets better."""

import numpy as np

from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.theory.theory_vanishing_gradient import CHECKS, METHODS, measure
from gans_jax import data


def growth(seed: int) -> Numbers:
    """Returns the growth of the deviation, and of the deviation over the norm."""
    source = data.TwoGaussians(means=(1.5, 2.5), std=0.25)
    norm, deviation = measure(METHODS["-log D"], source, seed).curves
    early, late = CHECKS.index(10), -1
    relative = deviation / norm
    return {
        "deviation": float(np.log10(deviation[late] / deviation[early])),
        "relative": float(np.log10(relative[late] / relative[early])),
    }


claim = Claim(
    sentence="As the discriminator gets better, the gradient of -log D grows in variance, and its "
    "updates become unstable.",
    source="Arjovsky and Bottou 2017, theorem 2.6 and figure 3",
    null="the deviation of the gradient does not grow, or not faster than its norm",
    setup="as in `gradient_vanishes`; 100 gradients of minibatches of 64 points",
    arms={"-log D": growth},
    measures={
        "deviation": "log10 of the growth of the gradient's deviation from 10 to 4,000 updates",
        "relative": "log10 of the growth of the deviation over the norm of the mean gradient",
    },
    rule=(
        Condition("deviation", "-log D", ">", 0),
        Condition("relative", "-log D", ">", 0),
    ),
    seeds=10,
)

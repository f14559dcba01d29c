"""The critic's estimate falls as the samples get better; a discriminator's does not."""

import dataclasses
import functools
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from experiments.claims.digits.settings import DIGITS_WGAN, TUNED_DCGAN, TUNED_ITERATIONS
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.common.fit import train
from gans_jax import core, data

CHECKS = 20
METHODS = {
    "WGAN": (dataclasses.replace(DIGITS_WGAN, learning_rate=2e-4), 800, "wasserstein"),
    "GAN": (TUNED_DCGAN, TUNED_ITERATIONS, "js_estimate"),
}


def run(name: str, seed: int) -> Numbers:
    """Returns the correlations of the estimate with FD-digits, and of the changes of both."""
    method, iterations, metric = METHODS[name]
    every, estimates, found = iterations // CHECKS, [], []

    def after(done: int, state: Any, metrics: core.Metrics) -> None:
        estimates.append(metrics[metric])
        if done % every == 0:
            distance = judges.digits_of(method, state)["FD-digits"]
            found.append((float(np.mean(estimates[-every:])), distance))

    train(method, data.Digits(), 64, iterations, seed, after=after)
    estimate, distance = np.array(found).T
    return {
        "correlation": float(spearmanr(estimate, distance).statistic),
        "of changes": float(spearmanr(np.diff(estimate), np.diff(distance)).statistic),
        "FD-digits": float(distance[-1]),
    }


claim = Claim(
    sentence="WGAN's estimate of the distance falls as the samples get better, and a GAN's "
    "estimate of the Jensen-Shannon divergence does not.",
    source="Wasserstein GAN, section 4.2, figures 3 and 4",
    null="both go with the samples' quality, or neither",
    setup="DCGAN's networks with 16 features, 800 iterations of WGAN at 2e-4 and 1,500 of GAN at "
    "5e-4 and 1e-4 (discriminator), "
    "FD-digits at 20 times beside the mean estimate since the time before",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures={
        "correlation": "rank correlation of the estimate with FD-digits over 20 times",
        "of changes": "the same of the changes from time to time, which a common trend does not "
        "make",
        **judges.measures("FD-digits"),
    },
    rule=(
        Condition("correlation", "WGAN", ">", 0.7),
        Condition("correlation", "WGAN", ">", "GAN"),
        Condition("of changes", "WGAN", ">", 0),
        Condition("of changes", "WGAN", ">", "GAN"),
    ),
    minutes=15,
    picture="wgan_loss_correlates.png",
)

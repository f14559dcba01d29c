"""A conditional WGAN, with clipped weights or a penalty, draws the digit that it is asked for."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.common.fit import train
from experiments.digits import conditional_wgan_digits, conditional_wgan_gp_digits
from gans_jax import data, wrappers
from gans_jax.metrics import digits_classifier

EXPERIMENTS = {
    "conditional WGAN": conditional_wgan_digits.experiment,
    "conditional WGAN-GP": conditional_wgan_gp_digits.experiment,
}


def run(name: str, seed: int) -> Numbers:
    """Judges 1,000 samples, a hundred of each class, of the average if there is one."""
    experiment, label = EXPERIMENTS[name], np.arange(1000) % 10
    method: Any = experiment.method
    if experiment.ema:
        method = wrappers.with_ema(method, experiment.ema)
    state, seconds = train(
        method, data.Digits(), experiment.batch_size, experiment.iterations, seed
    )
    samples = np.asarray(method.sample(state, jax.random.key(1), 1000, label=jnp.asarray(label)))
    read = digits_classifier().logits(samples).argmax(axis=1)
    found = {"as asked": float((read == label).mean()), "seconds": seconds}
    return judges.digits(samples) | found


claim = Claim(
    sentence="A generator that is given a condition beside the noise, G: {x, z} -> y, draws what "
    "it is asked for.",
    source="the lecture, conditional GANs; Mirza and Osindero 2014",
    null="the class of a sample does not depend on the label",
    setup="`conditional_wgan_digits`, 3,000 iterations, and `conditional_wgan_gp_digits`, 930",
    arms={name: functools.partial(run, name) for name in EXPERIMENTS},
    measures={
        "as asked": "share of the samples that the digits classifier reads as asked; 0.1 by chance",
        **judges.measures("FD-digits", "sure"),
        "seconds": "of training, without compilation, on a core of a machine that was busy",
    },
    rule=tuple(Condition("as asked", name, ">", 0.85) for name in EXPERIMENTS),
    minutes=35,
    picture="conditional_wgan_gp_digits.png",
)

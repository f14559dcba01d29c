"""A conditional WGAN-GP draws the digit that it is asked for."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.claims.digits.settings import trained
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.digits import conditional_wgan_gp_digits
from gans_jax.metrics import digits_classifier

METHOD = conditional_wgan_gp_digits.experiment.method
ITERATIONS = conditional_wgan_gp_digits.experiment.iterations


def run(seed: int) -> Numbers:
    state, label = trained(METHOD, ITERATIONS, seed), np.arange(1000) % 10
    samples = np.asarray(METHOD.sample(state, jax.random.key(1), 1000, label=jnp.asarray(label)))
    read = digits_classifier().logits(samples).argmax(axis=1)
    return judges.digits(samples) | {"as asked": float((read == label).mean())}


claim = Claim(
    sentence="A generator that is given a condition beside the noise, G: {x, z} -> y, draws what "
    "it is asked for.",
    source="the lecture, conditional GANs; Mirza and Osindero 2014",
    null="the class of a sample does not depend on the label",
    setup=f"`conditional_wgan_gp_digits`, {ITERATIONS:,} iterations",
    arms={"conditional WGAN-GP": run},
    measures={
        "as asked": "share of the samples that the digits classifier reads as asked; 0.1 by chance",
        **judges.measures("FD-digits", "sure"),
    },
    rule=(Condition("as asked", "conditional WGAN-GP", ">", 0.85),),
    minutes=30,
    picture="conditional_wgan_gp_digits.png",
)

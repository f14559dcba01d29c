"""Labels make the samples of a WGAN better, at the same cost."""

import dataclasses

import jax
import numpy as np

from experiments.claims.digits.settings import GENERATOR
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers, Shared
from experiments.common.fit import train
from experiments.digits.conditional_wgan_digits import experiment
from gans_jax import data, wrappers
from gans_jax.networks import DCGANDiscriminator

METHOD = dataclasses.replace(
    experiment.method, generator=GENERATOR, critic=DCGANDiscriminator(features=16)
)


def run(seed: int) -> Numbers:
    """Judges 1,000 samples of the average of a generator that is given no labels."""
    method = wrappers.with_ema(METHOD, experiment.ema)
    state, seconds = train(
        method, data.Digits(), experiment.batch_size, experiment.iterations, seed
    )
    samples = np.asarray(method.sample(state, jax.random.key(1), 1000))
    return judges.digits(samples) | {"seconds": seconds}


claim = Claim(
    sentence="A GAN that is given labels draws much better samples than one that is not.",
    source="Goodfellow 2016, NIPS tutorial, section 4.1 (train with labels); the lecture, "
    "conditional GANs",
    null="samples are as good without labels",
    setup="`conditional_wgan_digits`, 3,000 iterations, the demonstration of `make train`; without "
    "labels its generator has no embedding and its critic is DCGAN's discriminator",
    arms={
        "with labels": Shared("asked_digits_are_drawn", "conditional WGAN"),
        "without labels": run,
    },
    measures={
        **judges.measures("FD-digits", "sure", "entropy"),
        "seconds": "of training, without compilation, on a core of a machine that was busy",
    },
    rule=(
        Condition("FD-digits", "with labels", "<", "without labels"),
        Condition("FD-digits", "with labels", "<", 60),
        Condition("sure", "with labels", ">", "without labels"),
        Condition("sure", "with labels", ">", 0.75),
    ),
    minutes=30,
    picture="conditional_wgan_digits.png",
)

"""The methods that the claims about digits start from, and how they are trained."""

import dataclasses
from typing import Any

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Numbers
from experiments.common.fit import train
from experiments.digits import dcgan_digits, wgan_digits
from gans_jax import GAN, WGAN, core, data, wrappers
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator

FEATURES, UPDATES = 16, 3000  # updates of the discriminator or critic
GENERATOR = DCGANGenerator(size=28, channels=1, features=FEATURES)
DISCRIMINATOR = DCGANDiscriminator(features=FEATURES)
DCGAN: GAN = dataclasses.replace(
    dcgan_digits.experiment.method, generator=GENERATOR, discriminator=DISCRIMINATOR
)
DIGITS_WGAN: WGAN = dataclasses.replace(
    wgan_digits.experiment.method, generator=GENERATOR, critic=DISCRIMINATOR
)


def trained(method: core.Method, iterations: int, seed: int, batch_size: int = 64) -> Any:
    """Returns the state after training on digits; an iteration that is not finite is skipped."""
    skipping = wrappers.skip_nonfinite(method)
    return wrappers.unwrap(train(skipping, data.Digits(), batch_size, iterations, seed)[0])


def judged(method: core.Sampler, iterations: int, seed: int) -> Numbers:
    """Trains a method, and judges 1,000 samples of it."""
    return judges.digits_of(method, trained(method, iterations, seed))

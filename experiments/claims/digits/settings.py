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
TUNED_ITERATIONS = 1500
TUNED_SETUP = (
    "DCGAN's networks with 16 features on digits, 1,500 iterations of 64, Adam at 5e-4 for the "
    "generator and 1e-4 for the discriminator"
)
GENERATOR = DCGANGenerator(size=28, channels=1, features=FEATURES)
DISCRIMINATOR = DCGANDiscriminator(features=FEATURES)
DCGAN: GAN = dataclasses.replace(
    dcgan_digits.experiment.method, generator=GENERATOR, discriminator=DISCRIMINATOR
)
# With equal rates the discriminator wins at once in four seeds of five, and images stay grey.
TUNED_DCGAN: GAN = dataclasses.replace(DCGAN, learning_rate=5e-4, discriminator_learning_rate=1e-4)
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

"""Coulomb GAN beside BEGAN, DCGAN, WGAN-GP and MMD GAN, on digits.

Claim (Unterthiner et al. 2018, arXiv:1708.08819, table 1): by the Fréchet distance a Coulomb GAN is
better than BEGAN, DCGAN and MMD GAN with networks like DCGAN's; WGAN-GP with residual networks is
better still. Here all have the networks of DCGAN with 16 features, but for BEGAN, whose own did not
get beyond grey textures in 800 iterations of 0.7 s and which has fully connected ones. What else
they have is that of the file of each beside this one, but for WGAN-GP's learning rate, five times
its paper's, so that 600 iterations are enough for digits.

    python -m gans_jax train experiments/coulomb_table_digits.py
    python experiments/table.py experiments/coulomb_table_digits.py runs/coulomb_table_digits

The first command trains the Coulomb GAN alone.
"""

import dataclasses
from pathlib import Path
from typing import Any

from gans_jax import CoulombGAN, data
from gans_jax.cli import load_file
from gans_jax.networks import (
    DCGANDiscriminator,
    DCGANEncoder,
    DCGANGenerator,
    EncoderDecoder,
)
from gans_jax.training import Experiment

FEATURES = 16
generator = DCGANGenerator(size=28, channels=1, features=FEATURES)
discriminator = DCGANDiscriminator(features=FEATURES)
experiment = Experiment(
    method=CoulombGAN(
        generator=generator,
        discriminator=discriminator,
        learning_rate=5e-4,
        discriminator_learning_rate=1e-3,
    ),
    data=data.Digits(),
    iterations=1500,
    sample_every=500,
)


def _of(name: str, iterations: int, **changes: Any) -> Experiment:
    """The experiment of another file beside this one, with changes of its method."""
    other, _ = load_file(str(Path(__file__).with_name(name)))
    method = dataclasses.replace(other.method, **changes)
    return dataclasses.replace(other, method=method, iterations=iterations)


table = {
    "BEGAN": _of("began_digits.py", 6000),
    "DCGAN": _of("dcgan_digits.py", 1500, generator=generator, discriminator=discriminator),
    "WGAN-GP": _of(
        "wgan_gp_digits.py",
        600,
        generator=generator,
        critic=DCGANDiscriminator(features=FEATURES, norm="layer"),
        learning_rate=5e-4,
    ),
    "MMD GAN": _of(
        "mmd_gan_digits.py",
        600,
        generator=generator,
        critic=EncoderDecoder(DCGANEncoder(code=16, features=FEATURES), generator.clone()),
    ),
    "Coulomb GAN": experiment,
}

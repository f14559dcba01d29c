"""Coulomb GAN beside BEGAN, DCGAN, WGAN-GP and MMD GAN, on digits.

Claim (Unterthiner et al. 2018, arXiv:1708.08819, table 1): by the Fréchet distance a Coulomb GAN is
better than BEGAN, DCGAN and MMD GAN with networks like DCGAN's; WGAN-GP with residual networks is
better still. Here all but BEGAN have the networks of DCGAN with 32 features.

    python -m gans_jax train experiments/coulomb_table_digits.py
    python experiments/table.py experiments/coulomb_table_digits.py runs/coulomb_table_digits

The first command trains the Coulomb GAN alone.
"""

import dataclasses
from pathlib import Path

from gans_jax import CoulombGAN, data
from gans_jax.cli import load_file
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=CoulombGAN(
        generator=DCGANGenerator(size=28, channels=1, features=32),
        discriminator=DCGANDiscriminator(features=32),
        learning_rate=5e-4,
        discriminator_learning_rate=1e-3,
    ),
    data=data.Digits(),
    batch_size=128,
    iterations=1500,
    sample_every=500,
)


def _of(name: str, iterations: int) -> Experiment:
    """The experiment of another file beside this one."""
    other, _ = load_file(str(Path(__file__).with_name(name)))
    return dataclasses.replace(other, iterations=iterations)


table = {
    "BEGAN": _of("began_digits.py", 1500),
    "DCGAN": _of("dcgan_digits.py", 1500),
    "WGAN-GP": _of("wgan_gp_digits.py", 600),
    "MMD GAN": _of("mmd_gan_digits.py", 600),
    "Coulomb GAN": experiment,
}

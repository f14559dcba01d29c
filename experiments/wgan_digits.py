"""WGAN with the networks of DCGAN draws digits (Arjovsky et al. 2017, Algorithm 1).

Claim: a critic with clipped weights trains stably, and its loss falls as the samples get better.

    python -m gans_jax train experiments/wgan_digits.py

TODO measured

The learning rate is ten times the paper's 5e-5, so that the demonstration takes minutes. With the
paper's own value:

    python -m gans_jax train experiments/wgan_digits.py --method.learning-rate 5e-5 \\
        --iterations 10000 --workdir runs/wgan_digits_paper
"""

from gans_jax import WGAN, data
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=WGAN(
        generator=DCGANGenerator(size=28, channels=1, features=32),
        critic=DCGANDiscriminator(features=32),
        learning_rate=5e-4,
    ),
    data=data.Digits(),
    iterations=2000,
    sample_every=400,
    checkpoint_every=500,
)

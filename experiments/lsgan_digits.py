"""LSGAN draws digits (Mao et al. 2017, arXiv:1611.04076).

Claim: least squares instead of cross entropy gives gradients to samples that the discriminator is
already sure of, and trains more stably.

    python -m gans_jax train experiments/lsgan_digits.py

TODO measured

The coding is a=0, b=c=1; the Pearson chi-square coding is
`--method.loss.a -1 --method.loss.b 1 --method.loss.c 0`.
"""

from gans_jax import GAN, data, losses, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=GAN(
        generator=DCGANGenerator(size=28, channels=1, features=32),
        discriminator=DCGANDiscriminator(features=32),
        prior=priors.Uniform(100),
        loss=losses.LeastSquares(),
    ),
    data=data.Digits(),
    iterations=3000,
    sample_every=500,
)

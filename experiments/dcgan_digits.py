"""DCGAN draws digits (Radford et al. 2016, arXiv:1511.06434).

Claim: strided convolutions with batch norm, ReLU and leaky ReLU make the GAN game stable enough
for images.

    python -m gans_jax train experiments/dcgan_digits.py

TODO measured
"""

from gans_jax import GAN, data, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=GAN(
        generator=DCGANGenerator(size=28, channels=1, features=32),
        discriminator=DCGANDiscriminator(features=32),
        prior=priors.Uniform(100),
    ),
    data=data.Digits(),
    iterations=3000,
    sample_every=500,
)

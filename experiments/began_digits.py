"""BEGAN draws digits (Berthelot et al. 2017, arXiv:1703.10717).

Claim: an auto-encoder whose reconstruction errors are balanced trains without batch norm, and the
measure of convergence falls as the samples get better.

    python -m gans_jax train experiments/began_digits.py

The networks have 32 features where the paper has 128, and digits are padded to 32 pixels, which a
side of 8 doubles to.
"""

from gans_jax import BEGAN, data, priors
from gans_jax.networks import BEGANDiscriminator, BEGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=BEGAN(
        generator=BEGANGenerator(size=32, channels=1, features=32),
        discriminator=BEGANDiscriminator(code=32, features=32),
        prior=priors.Uniform(32),
        learning_rate=2e-4,
    ),
    data=data.Digits(size=32),
    batch_size=32,
    iterations=1500,
    sample_every=500,
)

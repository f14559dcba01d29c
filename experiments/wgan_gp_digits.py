"""WGAN-GP draws digits (Gulrajani et al. 2017, Algorithm 1).

Claim: a penalty on the critic's slope replaces weight clipping and trains with default settings.

    python -m gans_jax train experiments/wgan_gp_digits.py

TODO measured
"""

from gans_jax import WGANGP, data
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=WGANGP(
        generator=DCGANGenerator(size=28, channels=1, features=32),
        critic=DCGANDiscriminator(features=32, norm="layer"),
    ),
    data=data.Digits(),
    iterations=1200,
    sample_every=300,
    checkpoint_every=400,
)

"""WGAN on the same ring of eight Gaussians as `gan_gaussians`, with the same networks.

Claim: WGAN does not lose modes (Arjovsky et al. 2017, section 4.3).

    python -m gans_jax train experiments/wgan_gaussians.py

TODO measured
"""

from gans_jax import WGAN, data, priors
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=WGAN(
        generator=MLPGenerator((2,), features=(128, 128), output="linear"),
        critic=MLPDiscriminator(features=(128, 128)),
        prior=priors.Normal(16),
        learning_rate=2e-4,
        clip=0.1,
    ),
    data=data.GaussianRing(modes=8, radius=2.0, std=0.05),
    batch_size=256,
    iterations=10_000,
    log_every=100,
    sample_every=1000,
    checkpoint_every=5000,
    samples=2000,
)

"""WGAN on the same ring of eight Gaussians as `gan_gaussians`, with the same networks.

Claim: WGAN does not lose modes (Arjovsky et al. 2017, section 4.3).

    python -m gans_jax train experiments/gaussians/wgan_gaussians.py

Measured on two cores of an AVX-512 Xeon shared with other jobs, jax 0.10.2, Python 3.11,
2026-11-22, seed 0: 94 s. The claim shows: all eight modes have samples, where the GAN lost three.
But WGAN is slow: after 10,000 iterations the clusters are still wider than the modes and joined by
bridges, and the critic's estimate is still falling. Shares of 1,000 samples within three standard
deviations of each mode: 0.048, 0.024, 0.033, 0.077, 0.044, 0.023, 0.009, 0.057, in all 0.315 (the
GAN: 0.672). The energy distance to held-out points is 0.024 (GAN 0.116, training points 0.0015,
untrained 0.984).
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

"""Smooth GAN draws digits (Guo et al. 2019), the same networks as DCGAN and WGAN-GP.

Claim: a penalty on the slopes of the generator, and of the critic behind it, makes interpolations
smoother than DCGAN's and WGAN-GP's, at no cost in quality.

    python -m gans_jax train experiments/smooth_gan_digits.py
    python experiments/smoothness.py runs/coulomb_table_digits/{DCGAN,WGAN-GP}/seed_0 \\
        runs/smooth_gan_digits

The weights are of no reference: there is none.
"""

from gans_jax import SmoothGAN, data
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=SmoothGAN(
        generator=DCGANGenerator(size=28, channels=1, features=16),
        critic=DCGANDiscriminator(features=16, norm="layer"),
        generator_weight=10.0,
        critic_weight=0.1,
        learning_rate=5e-4,
    ),
    data=data.Digits(),
    iterations=600,
    sample_every=300,
    checkpoint_every=300,
)

"""Smooth GAN draws digits (Guo et al. 2019) with the networks of DCGAN and WGAN-GP.

Claim: a penalty on the slopes of the generator, and on those of the critic as a function of the
noise, makes interpolations smoother than DCGAN's and WGAN-GP's, at no cost in quality.

    python -m gans_jax train experiments/digits/smooth_gan_digits.py
    python -m experiments.common.interpolation_smoothness runs/smooth_gan_digits \\
        runs/coulomb_table_digits/{DCGAN,WGAN-GP}/seed_0

The weights of the penalties are our own, as the authors state none.

Measured on one core of an AVX-512 Xeon shared with other jobs, jax 0.10.2, Python 3.11, 2026-11-22,
classifier b547c9baa7e8; MS-SSIM-2 of adjacent frames, its mean and lowest hundredth; 243 s:

    run                       FD-digits  of interpolated images  MS-SSIM-2
    DCGAN, seed 0             323.7      403.1                   0.881, 0.328
    DCGAN, seed 1             579.0      689.8                   0.939, 0.678
    DCGAN, seed 2             199.3      244.0                   0.928, 0.599
    WGAN-GP, seed 0           121.4      158.3                   0.872, 0.319
    WGAN-GP, seed 1           141.5      173.9                   0.896, 0.464
    WGAN-GP, seed 2           147.2      180.8                   0.892, 0.460
    Smooth GAN, seed 0        312.1      401.0                   0.944, 0.583
    the same, weights a tenth 140.7      177.7                   0.905, 0.471

With these weights interpolations are smoother, but the samples are much worse. With a tenth of both
(`--method.generator-weight 1 --method.critic-weight 0.01`) the samples are as good as WGAN-GP's,
and the interpolations a little smoother than with any of its seeds: the claim shows against
WGAN-GP, by less than its seeds differ. Nothing can be concluded about DCGAN, whose samples are
worse.
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

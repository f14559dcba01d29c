"""DCGAN on CelebA faces at 64 pixels.

The settings of Radford et al. 2016 for faces: batches of 128, Adam 2e-4 with b1 0.5, noise uniform
in [-1, 1]^100, the central 108 pixels of the aligned images. 202,599 images, 1,582 iterations an
epoch, 25 epochs. Not run here: it needs an accelerator. Unpack `img_align_celeba`, then

    python -m gans_jax train experiments/paper/dcgan_celeba64.py --data.path img_align_celeba
"""

from gans_jax import GAN, data, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=GAN(
        generator=DCGANGenerator(size=64, features=128, lineage="paper"),
        discriminator=DCGANDiscriminator(features=128, lineage="paper"),
        prior=priors.Uniform(100),
    ),
    data=data.ImageFolder("img_align_celeba", size=64, crop=108),
    batch_size=128,
    iterations=25 * 1582,
    log_every=100,
    sample_every=1000,
    checkpoint_every=5000,
)

"""DCGAN on LSUN bedrooms at 64 pixels, five epochs (Radford et al. 2016, figure 3).

The settings of the paper: batches of 128, Adam 2e-4 with b1 0.5, noise uniform in [-1, 1]^100, 5x5
kernels with 1024 features at the smallest map. 3,033,042 images, 23,695 iterations an epoch; the
paper removed near-duplicates first. Not run here: it needs an accelerator. Prepare `lsun/bedroom`
with tfds in the array_record format, then

    python -m gans_jax train experiments/paper/dcgan_lsun_bedroom.py --data.data-dir DIR
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
    data=data.TFDS("lsun/bedroom", size=64),
    batch_size=128,
    iterations=5 * 23_695,
    log_every=100,
    sample_every=1000,
    checkpoint_every=5000,
)

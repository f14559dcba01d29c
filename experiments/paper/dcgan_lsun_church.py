"""DCGAN on LSUN church outdoor at 64 pixels, 25 epochs (figure 6 of Mangal & Banerjee's report).

The settings of Radford et al. 2016: batches of 128, Adam 2e-4 with b1 0.5, noise uniform in
[-1, 1]^100, 5x5 kernels with 1024 features at the smallest map. 126,227 images, 986 iterations an
epoch. Not run here: it needs an accelerator. Prepare `lsun/church_outdoor` with tfds in the
array_record format, then

    python -m gans_jax train experiments/paper/dcgan_lsun_church.py --data.data-dir DIR
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
    data=data.TFDS("lsun/church_outdoor", size=64),
    batch_size=128,
    iterations=25 * 986,
    log_every=100,
    sample_every=1000,
    checkpoint_every=5000,
)

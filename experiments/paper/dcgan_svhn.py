"""DCGAN on street view house numbers at 32 pixels (Radford et al. 2016, section 5.2).

The paper's optimizer and batches, and its widths: 512 features at the smallest map, which at this
size is two doublings earlier. 73,257 images, 572 iterations an epoch, 25 epochs. Not run here: it
needs an accelerator. Prepare `svhn_cropped` with tfds in the array_record format, then

    python -m gans_jax train experiments/paper/dcgan_svhn.py --data.data-dir DIR
"""

from gans_jax import GAN, data, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=GAN(
        generator=DCGANGenerator(size=32, features=128, lineage="paper"),
        discriminator=DCGANDiscriminator(features=128, lineage="paper"),
        prior=priors.Uniform(100),
    ),
    data=data.TFDS("svhn_cropped"),
    batch_size=128,
    iterations=25 * 572,
    log_every=100,
    sample_every=1000,
    checkpoint_every=5000,
)

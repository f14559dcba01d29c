"""WGAN on LSUN church outdoor at 64 pixels, 25 epochs (figure 7 of Mangal & Banerjee's report).

The defaults of Arjovsky et al. 2017: batches of 64, RMSProp 5e-5, clip 0.01, five critic
iterations, and the authors' warm-up of the critic. 126,227 images, 1,972 batches an epoch; an epoch
here counts the generator's batches, which the report leaves open. Not run here: it needs an
accelerator. Prepare `lsun/church_outdoor` with tfds in the array_record format, then

    python -m gans_jax train experiments/paper/wgan_lsun_church.py --data.data-dir DIR
"""

from gans_jax import WGAN, data
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=WGAN(
        generator=DCGANGenerator(size=64),
        critic=DCGANDiscriminator(),
        warmup=True,
    ),
    data=data.TFDS("lsun/church_outdoor", size=64),
    iterations=25 * 1972,
    log_every=100,
    sample_every=1000,
    checkpoint_every=5000,
)

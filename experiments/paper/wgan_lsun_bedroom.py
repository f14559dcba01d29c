"""WGAN with DCGAN's networks on LSUN bedrooms at 64 pixels (Arjovsky et al. 2017, section 4).

The paper's defaults: batches of 64, RMSProp 5e-5, clip 0.01, five critic iterations, and the
authors' warm-up of the critic. 3,033,042 images. Not run here: it needs an accelerator. Prepare
`lsun/bedroom` with tfds in the array_record format, then

    python -m gans_jax train experiments/paper/wgan_lsun_bedroom.py --data.data-dir DIR
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
    data=data.TFDS("lsun/bedroom", size=64),
    iterations=200_000,
    log_every=100,
    sample_every=1000,
    checkpoint_every=5000,
)

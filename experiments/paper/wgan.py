"""WGAN with DCGAN's networks on LSUN at 64 pixels, and on MNIST (Arjovsky et al. 2017, section 4).

    python -m gans_jax train experiments/paper/wgan.py:lsun_bedroom --data.data-dir DIR
    python -m gans_jax train experiments/paper/wgan.py:lsun_church --data.data-dir DIR
    python -m gans_jax train experiments/paper/wgan.py:mnist --data.data-dir DIR

Not run here: it needs an accelerator. Prepare `lsun/bedroom`, `lsun/church_outdoor` or `mnist` with
tfds in the array_record format.

The paper's defaults: batches of 64, RMSProp 5e-5, clip 0.01, five critic iterations; and two habits
of the authors' code, the warm-up of the critic and clipping before each of its updates.
"""

from gans_jax import WGAN, data
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment


def wgan(tfds: str, iterations: int, size: int = 64, channels: int = 3) -> Experiment:
    """Returns the experiment on a data set, whose images are resized."""
    return Experiment(
        method=WGAN(
            generator=DCGANGenerator(size=size, channels=channels),
            critic=DCGANDiscriminator(),
            warmup=True,
            clip_first=True,
        ),
        data=data.TFDS(tfds, size=size),
        iterations=iterations,
        log_every=100,
        sample_every=1000,
        checkpoint_every=5000,
    )


experiments = {
    # 3,033,042 images.
    "lsun_bedroom": wgan("lsun/bedroom", 200_000),
    # Figure 7 of Mangal & Banerjee's report. 126,227 images, 1,972 batches an epoch, 25 epochs. An
    # epoch here counts the generator's batches, as the report does not say whose batches it counts.
    "lsun_church": wgan("lsun/church_outdoor", 25 * 1972),
    # The same report's other set, for which it states no length. 60,000 images, 937 batches an
    # epoch, 25 epochs as for the churches.
    "mnist": wgan("mnist", 25 * 937, size=28, channels=1),
}

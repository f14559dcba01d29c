"""DCGAN on CelebA, LSUN, street view house numbers and MNIST (Radford et al. 2016).

    python -m gans_jax train experiments/paper/dcgan.py:celeba64 --data.path img_align_celeba
    python -m gans_jax train experiments/paper/dcgan.py:celeba128 --data.path img_align_celeba
    python -m gans_jax train experiments/paper/dcgan.py:lsun_bedroom --data.data-dir DIR
    python -m gans_jax train experiments/paper/dcgan.py:lsun_church --data.data-dir DIR
    python -m gans_jax train experiments/paper/dcgan.py:svhn --data.data-dir DIR
    python -m gans_jax train experiments/paper/dcgan.py:mnist --data.data-dir DIR

Not run here: it needs an accelerator. Unpack `img_align_celeba`, or prepare `lsun/bedroom`,
`lsun/church_outdoor`, `svhn_cropped` or `mnist` with tfds in the array_record format.

The settings are the paper's: batches of 128, Adam 2e-4 with b1 0.5, noise uniform in [-1, 1]^100,
5x5 kernels, 1024 features at the smallest map, except where a data set below says otherwise.
"""

from typing import Literal

from gans_jax import GAN, data, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment


def dcgan(
    source: data.ImageFolder | data.TFDS,
    iterations: int,
    size: int = 64,
    features: int = 128,
    channels: int = 3,
    dtype: Literal["float32", "bfloat16"] = "float32",
) -> Experiment:
    """Returns the experiment on images of a size; the smallest map has the most features."""
    return Experiment(
        method=GAN(
            generator=DCGANGenerator(
                size=size, channels=channels, features=features, lineage="paper", dtype=dtype
            ),
            discriminator=DCGANDiscriminator(features=features, lineage="paper", dtype=dtype),
            prior=priors.Uniform(100),
        ),
        data=source,
        batch_size=128,
        iterations=iterations,
        log_every=100,
        sample_every=1000,
        checkpoint_every=5000,
    )


experiments = {
    # Faces: the central 108 pixels of the aligned images. 202,599 images, 1,582 iterations an
    # epoch, 25 epochs.
    "celeba64": dcgan(data.ImageFolder("img_align_celeba", size=64, crop=108), 25 * 1582),
    # Faces at 128 pixels, in bfloat16. Both networks have one layer more, which is ours: the paper
    # stops at 64 pixels. docs/pods.md has what it costs on a TPU pod.
    "celeba128": dcgan(
        data.ImageFolder("img_align_celeba", size=128, crop=178),
        25 * 1582,
        size=128,
        features=64,
        dtype="bfloat16",
    ),
    # Figure 3. 3,033,042 images, 23,695 iterations an epoch, five epochs; the paper removed
    # near-duplicates first.
    "lsun_bedroom": dcgan(data.TFDS("lsun/bedroom", size=64), 5 * 23_695),
    # Figure 6 of Mangal & Banerjee's report. 126,227 images, 986 iterations an epoch, 25 epochs.
    "lsun_church": dcgan(data.TFDS("lsun/church_outdoor", size=64), 25 * 986),
    # Section 5.2. The widths are the paper's, with 512 features at the smallest map, which at 32
    # pixels is two doublings earlier. 73,257 images, 572 iterations an epoch, 25 epochs.
    "svhn": dcgan(data.TFDS("svhn_cropped"), 25 * 572, size=32),
    # Figures 4 and 5 of Mangal & Banerjee's report, which does not say how long; 28 pixels are two
    # doublings of 7. 60,000 images, 468 iterations an epoch, 25 epochs as for the churches.
    "mnist": dcgan(data.TFDS("mnist"), 25 * 468, size=28, channels=1),
}

"""Coulomb GAN on CelebA, LSUN and CIFAR-10 (Unterthiner et al. 2018, arXiv:1708.08819).

    python -m gans_jax train experiments/paper/coulomb_gan.py:celeba64 --data.path img_align_celeba
    python -m gans_jax train experiments/paper/coulomb_gan.py:lsun_bedroom --data.data-dir DIR
    python -m gans_jax train experiments/paper/coulomb_gan.py:cifar10 --data.data-dir DIR

Not run here: it needs an accelerator. Unpack `img_align_celeba`, or prepare `lsun/bedroom` or
`cifar10` with tfds in the array_record format.

The settings are the ones of the authors' TensorFlow code (bioinf-jku/coulomb_gan), which made the
paper's results. Its defaults are batches of 128, Adam 1e-4 with b1 0.9, noise N(0, 1)^32, the
kernel's d = 3 (which is d = 1 here), epsilon = 1 and 500,000 iterations. The command that it states
is for LSUN: noise N(0, 1)^16, the networks `my` and `my-big`, half the learning rate for the
discriminator, and 1,000,000 iterations. The other two data sets have these networks and learning
rates, too, but the default noise and iterations.

`my` and `my-big` are DCGAN's networks with 5x5 kernels and a dense layer at the code, 1024 features
at the smallest map, and 128 in the discriminator's first layer. What differs here: the output is
tanh x instead of 1.7159 tanh(2x / 3), kernels begin as N(0, 0.02) instead of He's and Glorot's, the
generator's dense layer has batch norm and the discriminator's first layer has none, at 32 pixels
the discriminator has three convolutions instead of four, samples are drawn with running statistics
instead of a batch's, and the L2 penalty of 1e-7 on kernels is left out. How the authors cropped
CelebA is not in their code; 108 pixels are DCGAN's.

Cost: XLA counts 1,644 GFLOP an iteration at 64 pixels and 519 at 32 (before it optimises the
program), which is 822, 1,643 and 259 PFLOP in all. At 64 pixels the generator has 17,758,211
parameters (17,496,067 for LSUN) and the discriminator 17,234,689, at 32 pixels 16,948,227 and
4,116,225.
"""

from gans_jax import CoulombGAN, data, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment


def coulomb_gan(
    source: data.ImageFolder | data.TFDS, iterations: int, noise: int = 32, size: int = 64
) -> Experiment:
    """Returns the experiment on images of a size, with 1024 features at the smallest map."""
    return Experiment(
        method=CoulombGAN(
            generator=DCGANGenerator(size=size, features=128 * 64 // size, lineage="paper"),
            discriminator=DCGANDiscriminator(features=128, lineage="paper"),
            prior=priors.Normal(noise),
            learning_rate=1e-4,
            discriminator_learning_rate=5e-5,
        ),
        data=source,
        batch_size=128,
        iterations=iterations,
        log_every=100,
        sample_every=5000,
        checkpoint_every=25_000,
    )


experiments = {
    # 202,599 faces, 1,582 batches an epoch.
    "celeba64": coulomb_gan(data.ImageFolder("img_align_celeba", size=64, crop=108), 500_000),
    # 3,033,042 bedrooms, 23,695 batches an epoch.
    "lsun_bedroom": coulomb_gan(data.TFDS("lsun/bedroom", size=64), 1_000_000, noise=16),
    # The authors' 60,000 images are the training and the test split together; 468 batches an epoch.
    "cifar10": coulomb_gan(data.TFDS("cifar10", split="train+test"), 500_000, size=32),
}

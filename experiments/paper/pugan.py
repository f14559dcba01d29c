"""PUGAN and its baselines on the five data sets of its table 1 (Guo et al. 2020).

    python -m gans_jax train experiments/paper/pugan.py:mnist_sgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:mnist_pusgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:mnist_lsgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:mnist_pulsgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:fashion_mnist_sgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:fashion_mnist_pusgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:fashion_mnist_lsgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:fashion_mnist_pulsgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:cifar10_sgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:cifar10_pusgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:cifar10_lsgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:cifar10_pulsgan --data.data-dir DIR
    python -m gans_jax train experiments/paper/pugan.py:celeba64_sgan --data.path FOLDER
    python -m gans_jax train experiments/paper/pugan.py:celeba64_pusgan --data.path FOLDER
    python -m gans_jax train experiments/paper/pugan.py:celeba64_lsgan --data.path FOLDER
    python -m gans_jax train experiments/paper/pugan.py:celeba64_pulsgan --data.path FOLDER
    python -m gans_jax train experiments/paper/pugan.py:cat64_sgan --data.path FOLDER
    python -m gans_jax train experiments/paper/pugan.py:cat64_pusgan --data.path FOLDER
    python -m gans_jax train experiments/paper/pugan.py:cat64_lsgan --data.path FOLDER
    python -m gans_jax train experiments/paper/pugan.py:cat64_pulsgan --data.path FOLDER

Not run here: it needs an accelerator. Prepare `mnist`, `fashion_mnist` or `cifar10` with tfds in
the array_record format, unpack `img_align_celeba`, or make the folder of CAT with the script of
AlexiaJM/RelativisticGAN, which cuts out the faces of at least 64 pixels (9,304 by its author).

All numbers are the defaults of the authors' code (huangjiadidi/PUGAN): DCGAN's networks with 4x4
kernels and 128 features at the outer layer of each, noise N(0, 1)^128, batches of 32, Adam 2e-4
with b1 0.5 for both players, one update of each an iteration, 100,000 iterations. The prior is 0.3
and rises by 0.1 every 10,000 iterations up to 0.6. The targets of least squares are 0 and 1 without
PU, and -1 and 1 with it; no term has the factor 1/2. That code has no PU for the hinge and for
WGAN-GP, so these columns of the table are not here. It takes folders of RGB images and resizes
them: MNIST and Fashion-MNIST need 32 pixels, and are grey here. How CelebA was cropped is not in
the code; 108 pixels are DCGAN's. The paper's distances are between 50,000 samples and the training
set.

Cost: XLA counts 43 GFLOP an iteration for the grey images, 44 for CIFAR-10 and 271 at 64 pixels
(before it optimises the program), which is 4, 4 and 27 PFLOP a run. The generators have 3,673,856,
3,677,952 and 13,117,184 parameters, the discriminators 2,633,216, 2,637,312 and 11,036,160.
"""

from gans_jax import GAN, data, losses, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

sources = {
    # 60,000 images, as the next one.
    "mnist": data.TFDS("mnist", size=32),
    "fashion_mnist": data.TFDS("fashion_mnist", size=32),
    # 50,000 images.
    "cifar10": data.TFDS("cifar10", size=32),
    # 202,599 images.
    "celeba64": data.ImageFolder("img_align_celeba", size=64, crop=108),
    # 9,304 images.
    "cat64": data.ImageFolder("cats_bigger_than_64x64", size=64),
}
lsgan = losses.LeastSquares(discriminator_scale=1.0, generator_scale=1.0)
pulsgan = losses.LeastSquares(a=-1.0, discriminator_scale=1.0, generator_scale=1.0)
arms = {
    "sgan": losses.NonSaturating(),
    "pusgan": losses.PositiveUnlabeled(losses.NonSaturating(), losses.RisingPrior()),
    "lsgan": lsgan,
    "pulsgan": losses.PositiveUnlabeled(pulsgan, losses.RisingPrior()),
}


def pugan(name: str, loss: losses.AdversarialLoss) -> Experiment:
    """Returns the experiment on a data set with a loss."""
    channels = 1 if name.endswith("mnist") else 3
    return Experiment(
        method=GAN(
            generator=DCGANGenerator(size=sources[name].size, channels=channels, features=128),
            discriminator=DCGANDiscriminator(features=128),
            prior=priors.Normal(128),
            loss=loss,
        ),
        data=sources[name],
        batch_size=32,
        iterations=100_000,
        log_every=100,
        sample_every=5000,
        checkpoint_every=10_000,
    )


experiments = {f"{name}_{arm}": pugan(name, arms[arm]) for name in sources for arm in arms}

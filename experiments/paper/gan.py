"""The first GAN on CIFAR-10 (Goodfellow et al. 2014, figures 2c and 2d).

    python -m gans_jax train experiments/paper/gan.py:mlp_cifar10 --data.data-dir DIR
    python -m gans_jax train experiments/paper/gan.py:conv_cifar10 --data.data-dir DIR

Not run here: it needs an accelerator. Prepare `cifar10` with tfds in the array_record format.

Algorithm 1 with k = 1, momentum and batches of 100. The number of iterations is ours.
"""

import functools

import flax.linen as nn
import optax

from gans_jax import GAN, data, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator
from gans_jax.training import Experiment


def gan(generator: nn.Module, discriminator: nn.Module) -> Experiment:
    """Returns the experiment with these networks."""
    return Experiment(
        method=GAN(
            generator=generator,
            discriminator=discriminator,
            prior=priors.Uniform(100),
            learning_rate=0.02,
            optimizer=functools.partial(optax.sgd, momentum=0.5),
        ),
        data=data.TFDS("cifar10"),
        batch_size=100,
        iterations=250_000,
        log_every=100,
        sample_every=5000,
        checkpoint_every=10_000,
    )


experiments = {
    # Figure 2c: fully connected, maxout with dropout in the discriminator. The paper states no
    # widths; these are ours.
    "mlp_cifar10": gan(
        MLPGenerator((32, 32, 3), features=(4000, 4000)),
        MLPDiscriminator((1600, 1600), activation="maxout", dropout=0.5),
    ),
    # Figure 2d: the paper does not describe its convolutional discriminator and "deconvolutional"
    # generator; these are DCGAN's, which came later, without batch norm.
    "conv_cifar10": gan(DCGANGenerator(size=32, norm="none"), DCGANDiscriminator(norm="none")),
}

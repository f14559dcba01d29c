"""The first GAN on MNIST and CIFAR-10 (Goodfellow et al. 2014, figures 2a, 2c and 2d).

    python -m gans_jax train experiments/paper/gan.py:mlp_mnist --data.data-dir DIR
    python -m gans_jax train experiments/paper/gan.py:mlp_cifar10 --data.data-dir DIR
    python -m gans_jax train experiments/paper/gan.py:conv_cifar10 --data.data-dir DIR

Not run here: it needs an accelerator. Prepare `mnist` or `cifar10` with tfds in the array_record
format.

Algorithm 1 with k = 1. Widths, maxout with five pieces, momentum 0.5, batches of 100 and a learning
rate that falls by a factor of 1.000004 an update come from the authors' code (goodfeli/adversarial)
and its mnist.yaml and cifar10_fully_connected.yaml. Left out of that code are the rise of the
momentum to 0.7, the dropout of a fifth of the inputs, its first weights, and the sigmoid of the
generator's second layer for CIFAR-10, which is ReLU here. Its learning rates are 0.1 and 0.025;
here it is 0.02 for both, because with 0.05 the discriminator's gradient was not a number in
`experiments/digits/gan_digits.py`. The number of iterations is ours.
"""

import functools

import flax.linen as nn
import optax

from gans_jax import GAN, data, priors, schedules
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator
from gans_jax.training import Experiment


def gan(tfds: str, generator: nn.Module, discriminator: nn.Module) -> Experiment:
    """Returns the experiment on a data set with these networks."""
    return Experiment(
        method=GAN(
            generator=generator,
            discriminator=discriminator,
            prior=priors.Uniform(100),
            learning_rate=0.02,
            optimizer=functools.partial(optax.sgd, momentum=0.5),
            schedule=schedules.StepDecay(every=1000, factor=0.996),
        ),
        data=data.TFDS(tfds),
        batch_size=100,
        iterations=250_000,
        log_every=100,
        sample_every=5000,
        checkpoint_every=10_000,
    )


experiments = {
    # Figure 2a.
    "mlp_mnist": gan(
        "mnist",
        MLPGenerator((28, 28, 1), features=(1200, 1200)),
        MLPDiscriminator((240, 240), activation="maxout", dropout=0.5),
    ),
    # Figure 2c.
    "mlp_cifar10": gan(
        "cifar10",
        MLPGenerator((32, 32, 3), features=(8000, 8000)),
        MLPDiscriminator((1600, 1600), activation="maxout", dropout=0.5),
    ),
    # Figure 2d. The authors' networks are two dense layers and one transposed convolution of stride
    # 3, against three convolutions of maxout with pooling; these are DCGAN's, which came later,
    # without batch norm.
    "conv_cifar10": gan(
        "cifar10", DCGANGenerator(size=32, norm="none"), DCGANDiscriminator(norm="none")
    ),
}

"""The first GAN, fully connected, on CIFAR-10 (Goodfellow et al. 2014, figure 2c).

Algorithm 1 with k = 1, momentum and batches of 100; maxout with dropout in the discriminator. The
paper states no widths: these, and the number of iterations, are ours. Not run here: it needs an
accelerator. Prepare `cifar10` with tfds in the array_record format, then

    python -m gans_jax train experiments/paper/gan_mlp_cifar10.py --data.data-dir DIR
"""

import functools

import optax

from gans_jax import GAN, data, priors
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=GAN(
        generator=MLPGenerator((32, 32, 3), features=(4000, 4000)),
        discriminator=MLPDiscriminator((1600, 1600), activation="maxout", dropout=0.5),
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

"""The first GAN with convolutions on CIFAR-10 (Goodfellow et al. 2014, figure 2d).

Algorithm 1 with k = 1, momentum and batches of 100. The paper's convolutional discriminator and
"deconvolutional" generator are not described; these are DCGAN's without batch norm, which came
later. Not run here: it needs an accelerator. Prepare `cifar10` with tfds in the array_record
format, then

    python -m gans_jax train experiments/paper/gan_conv_cifar10.py --data.data-dir DIR
"""

import functools

import optax

from gans_jax import GAN, data, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=GAN(
        generator=DCGANGenerator(size=32, norm="none"),
        discriminator=DCGANDiscriminator(norm="none"),
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

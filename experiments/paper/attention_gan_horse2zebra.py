"""Attention-GAN on horses and zebras (Chen et al. 2018, arXiv:1803.06798).

The settings of the authors' code where they are known: 286 pixels cut to 256, 9 blocks to translate
and 6 to attend, patches of 70 pixels, a history of 50 images, batches of 4, Adam 2e-4 with b1 0.5,
the cycle's weight 10, 1 for the attention's cycle and its sparsity; 1,067 images and 1,334. The 200
epochs and their decay are CycleGAN's. Without masks, it is the unsupervised form. Not run here: it
needs an accelerator. Prepare `cycle_gan/horse2zebra` with tfds in the array_record format, then

    python -m gans_jax train experiments/paper/attention_gan_horse2zebra.py \\
        --data.a.data-dir DIR --data.b.data-dir DIR
"""

from gans_jax import AttentionGAN, data, schedules
from gans_jax.networks import (
    AttentionNetwork,
    LayeredTranslator,
    PatchGANDiscriminator,
    ResNetGenerator,
    TwoGenerators,
)
from gans_jax.training import Experiment

EPOCH = 1334 // 4
generator, attention = ResNetGenerator(features=64, blocks=9), AttentionNetwork(features=64)
experiment = Experiment(
    method=AttentionGAN(
        translator=LayeredTranslator(
            TwoGenerators(generator, generator), TwoGenerators(attention, attention)
        ),
        discriminator=PatchGANDiscriminator(features=64, layers=3, norm="instance"),
        schedule=schedules.EpochDecay(EPOCH),
    ),
    data=data.Unpaired(
        data.TFDS("cycle_gan/horse2zebra", "trainA"),
        data.TFDS("cycle_gan/horse2zebra", "trainB"),
        size=256,
        augment=data.Augment(),
    ),
    batch_size=4,
    iterations=200 * EPOCH,
    log_every=100,
    sample_every=EPOCH,
    checkpoint_every=5 * EPOCH,
    samples=8,
)

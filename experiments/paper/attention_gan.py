"""Attention-GAN on horses, zebras, apples and oranges (Chen et al. 2018, arXiv:1803.06798).

    python -m gans_jax train experiments/paper/attention_gan.py:apple2orange \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/attention_gan.py:horse2zebra \\
        --data.a.data-dir DIR --data.b.data-dir DIR

Not run here: it needs an accelerator. Prepare `cycle_gan/apple2orange` or `cycle_gan/horse2zebra`
with tfds in the array_record format.

The settings are those of the authors' code as far as they are known: 286 pixels cut to 256, 9
blocks to translate and 6 to attend, patches of 70 pixels, a history of 50 images, batches of 4,
Adam 2e-4 with b1 0.5, weight 10 for the cycle and weight 1 for the attention's cycle and its
sparsity. The 200 epochs and their decay are CycleGAN's; an epoch is the larger set. Without masks,
this is the unsupervised form.
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

generator, attention = ResNetGenerator(features=64, blocks=9), AttentionNetwork(features=64)


def attention_gan(tfds: str, images: int) -> Experiment:
    """Returns the experiment on a data set whose larger domain has so many images."""
    epoch = images // 4
    return Experiment(
        method=AttentionGAN(
            translator=LayeredTranslator(
                TwoGenerators(generator, generator), TwoGenerators(attention, attention)
            ),
            discriminator=PatchGANDiscriminator(features=64, layers=3, norm="instance"),
            schedule=schedules.EpochDecay(epoch),
        ),
        data=data.Unpaired(
            data.TFDS(tfds, "trainA"),
            data.TFDS(tfds, "trainB"),
            size=256,
            augment=data.Augment(),
        ),
        batch_size=4,
        iterations=200 * epoch,
        log_every=100,
        sample_every=epoch,
        checkpoint_every=5 * epoch,
        samples=8,
    )


experiments = {
    # 995 images of apples and 1,019 of oranges.
    "apple2orange": attention_gan("cycle_gan/apple2orange", images=1019),
    # 1,067 images of horses and 1,334 of zebras.
    "horse2zebra": attention_gan("cycle_gan/horse2zebra", images=1334),
}

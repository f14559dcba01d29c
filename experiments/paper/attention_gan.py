"""Attention-GAN on horses, apples and leopards (Chen et al. 2018, arXiv:1803.06798).

    python -m gans_jax train experiments/paper/attention_gan.py:apple2orange \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/attention_gan.py:horse2zebra \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/attention_gan.py:leopard2tiger --data.path FOLDER

Not run here: it needs an accelerator. Prepare `cycle_gan/apple2orange` or `cycle_gan/horse2zebra`
with tfds in the array_record format. For `leopard2tiger`, put ImageNet's photos of both classes
into `trainA` and `trainB`.

The settings come from the authors' code (xinyuanc91/Attention-GAN) as far as they are known: 286
pixels cut to 256, 9 blocks to translate and 6 to attend, patches of 70 pixels, a history of 50
images, batches of 4, Adam 2e-4 with b1 0.5, weight 10 for the cycle and weight 1 for the
attention's cycle and its sparsity. As in its script, the learning rate is divided by 10 after 100
epochs, and there are 110 epochs (`--niter 110 --lr_policy step`); `train.py` there adds 100 epochs
of `--niter_decay` unless it is told otherwise, which `--iterations` can add here. An epoch is the
larger set. Without masks, this is the unsupervised form.
"""

from gans_jax import AttentionGAN, data, schedules
from gans_jax.data.source import Source
from gans_jax.networks import (
    AttentionNetwork,
    LayeredTranslator,
    PatchGANDiscriminator,
    ResNetGenerator,
    TwoGenerators,
)
from gans_jax.training import Experiment

generator, attention = ResNetGenerator(features=64, blocks=9), AttentionNetwork(features=64)


def prepared(name: str) -> data.Unpaired:
    """Returns both domains of a set that tfds has prepared."""
    domains = data.TFDS(f"cycle_gan/{name}", "trainA"), data.TFDS(f"cycle_gan/{name}", "trainB")
    return data.Unpaired(*domains, size=256, augment=data.Augment())


def attention_gan(source: Source, images: int) -> Experiment:
    """Returns the experiment on a data set whose larger domain has so many images."""
    epoch = images // 4
    return Experiment(
        method=AttentionGAN(
            translator=LayeredTranslator(
                TwoGenerators(generator, generator), TwoGenerators(attention, attention)
            ),
            discriminator=PatchGANDiscriminator(features=64, layers=3, norm="instance"),
            schedule=schedules.StepDecay(every=100 * epoch, factor=0.1),
        ),
        data=source,
        batch_size=4,
        iterations=110 * epoch,
        log_every=100,
        sample_every=epoch,
        checkpoint_every=5 * epoch,
        samples=8,
    )


experiments = {
    # 995 images of apples and 1,019 of oranges.
    "apple2orange": attention_gan(prepared("apple2orange"), images=1019),
    # 1,067 images of horses and 1,334 of zebras.
    "horse2zebra": attention_gan(prepared("horse2zebra"), images=1334),
    # ImageNet has up to 1,300 photos of leopards, and as many of tigers.
    "leopard2tiger": attention_gan(
        data.UnpairedFolders("data/leopard2tiger", size=256, augment=data.Augment()), images=1300
    ),
}

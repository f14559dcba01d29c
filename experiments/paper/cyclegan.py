"""CycleGAN on paintings, seasons, objects and flowers (Zhu et al. 2017, section 5.2).

    python -m gans_jax train experiments/paper/cyclegan.py:monet2photo \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/cyclegan.py:summer2winter \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/cyclegan.py:horse2zebra \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/cyclegan.py:apple2orange \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/cyclegan.py:iphone2dslr \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/cyclegan.py:cat2dog --data.path cat2dog

Not run here: it needs an accelerator. Prepare their sets (`cycle_gan/monet2photo` and so on) with
tfds in the array_record format. `cat2dog` holds the folders `trainA` and `trainB` of DRIT's set
(Lee et al. 2018, arXiv:1808.00948); CycleGAN's paper does not have this task.

The paper has the identity loss, with half of the cycle's weight, for paintings and photos and for
flowers (appendix, training details), and the other tasks do without.

The authors' settings: 286 pixels cut to 256, 9 blocks, patches of 70 pixels, a history of 50
images, batches of 1, Adam 2e-4 with b1 0.5, weight 10 for the cycle. An epoch is the larger set;
100 epochs are followed by 100 more of linear decay.
"""

from gans_jax import CycleGAN, data, schedules
from gans_jax.data.source import Source
from gans_jax.networks import PatchGANDiscriminator, ResNetGenerator, TwoGenerators
from gans_jax.training import Experiment

generator = ResNetGenerator(features=64, blocks=9)


def prepared(name: str) -> data.Unpaired:
    """Returns both domains of a set that tfds has prepared."""
    domains = data.TFDS(f"cycle_gan/{name}", "trainA"), data.TFDS(f"cycle_gan/{name}", "trainB")
    return data.Unpaired(*domains, size=256, augment=data.Augment())


def cyclegan(source: Source, epoch: int, identity_weight: float = 0.0) -> Experiment:
    """Returns the experiment on a data set whose larger domain has `epoch` images."""
    return Experiment(
        method=CycleGAN(
            translator=TwoGenerators(generator, generator),
            discriminator=PatchGANDiscriminator(features=64, layers=3, norm="instance"),
            identity_weight=identity_weight,
            schedule=schedules.EpochDecay(epoch),
        ),
        data=source,
        batch_size=1,
        iterations=200 * epoch,
        log_every=100,
        sample_every=epoch,
        checkpoint_every=5 * epoch,
        samples=8,
    )


experiments = {
    # 1,072 of Monet's paintings and 6,287 photos.
    "monet2photo": cyclegan(prepared("monet2photo"), epoch=6287, identity_weight=5.0),
    # 1,231 photos of Yosemite in summer and 962 in winter.
    "summer2winter": cyclegan(prepared("summer2winter_yosemite"), epoch=1231),
    # 1,067 images of horses and 1,334 of zebras.
    "horse2zebra": cyclegan(prepared("horse2zebra"), epoch=1334),
    # 995 images of apples and 1,019 of oranges.
    "apple2orange": cyclegan(prepared("apple2orange"), epoch=1019),
    # 1,812 photos of flowers by telephones and 3,325 by cameras, whose depth of field is shallow.
    "iphone2dslr": cyclegan(prepared("iphone2dslr_flower"), epoch=3325, identity_weight=5.0),
    # 771 faces of cats and 1,264 of dogs.
    "cat2dog": cyclegan(
        data.UnpairedFolders("data/cat2dog", size=256, augment=data.Augment()), epoch=1264
    ),
}

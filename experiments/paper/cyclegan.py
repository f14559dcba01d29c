"""CycleGAN on paintings and on photos of two seasons (Zhu et al. 2017, section 5.2).

    python -m gans_jax train experiments/paper/cyclegan.py:monet2photo \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/cyclegan.py:summer2winter \\
        --data.a.data-dir DIR --data.b.data-dir DIR

Not run here: it needs an accelerator. Prepare `cycle_gan/monet2photo` or
`cycle_gan/summer2winter_yosemite` with tfds in the array_record format.

The authors' settings: 286 pixels cut to 256, 9 blocks, patches of 70 pixels, a history of 50
images, batches of 1, Adam 2e-4 with b1 0.5, weight 10 for the cycle. An epoch is the larger set;
100 epochs are followed by 100 more of linear decay.
"""

from gans_jax import CycleGAN, data, schedules
from gans_jax.networks import PatchGANDiscriminator, ResNetGenerator, TwoGenerators
from gans_jax.training import Experiment

generator = ResNetGenerator(features=64, blocks=9)


def cyclegan(tfds: str, epoch: int, identity_weight: float) -> Experiment:
    """Returns the experiment on a data set whose larger domain has `epoch` images."""
    return Experiment(
        method=CycleGAN(
            translator=TwoGenerators(generator, generator),
            discriminator=PatchGANDiscriminator(features=64, layers=3, norm="instance"),
            identity_weight=identity_weight,
            schedule=schedules.EpochDecay(epoch),
        ),
        data=data.Unpaired(
            data.TFDS(tfds, "trainA"),
            data.TFDS(tfds, "trainB"),
            size=256,
            augment=data.Augment(),
        ),
        batch_size=1,
        iterations=200 * epoch,
        log_every=100,
        sample_every=epoch,
        checkpoint_every=5 * epoch,
        samples=8,
    )


experiments = {
    # 1,072 of Monet's paintings and 6,287 photos. The identity loss has half of the cycle's weight;
    # the paper has it for paintings.
    "monet2photo": cyclegan("cycle_gan/monet2photo", epoch=6287, identity_weight=5.0),
    # 1,231 photos of Yosemite in summer and 962 in winter, without the identity loss.
    "summer2winter": cyclegan("cycle_gan/summer2winter_yosemite", epoch=1231, identity_weight=0.0),
}

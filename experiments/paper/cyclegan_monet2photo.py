"""CycleGAN on Monet's paintings and photos (Zhu et al. 2017, section 5.2).

The authors' settings: 286 pixels cut to 256, 9 blocks, patches of 70 pixels, a history of 50
images, batches of 1, Adam 2e-4 with b1 0.5, the cycle's weight 10, the identity loss with half of
it, which the paper has for paintings; 1,072 images and 6,287, an epoch is the larger set, 100
epochs and 100 more of linear decay. Not run here: it needs an accelerator. Prepare
`cycle_gan/monet2photo` with tfds in the array_record format, then

    python -m gans_jax train experiments/paper/cyclegan_monet2photo.py \\
        --data.a.data-dir DIR --data.b.data-dir DIR
"""

from gans_jax import CycleGAN, data, schedules
from gans_jax.networks import PatchGANDiscriminator, ResNetGenerator, TwoGenerators
from gans_jax.training import Experiment

EPOCH = 6287
generator = ResNetGenerator(features=64, blocks=9)
experiment = Experiment(
    method=CycleGAN(
        translator=TwoGenerators(generator, generator),
        discriminator=PatchGANDiscriminator(features=64, layers=3, norm="instance"),
        schedule=schedules.EpochDecay(EPOCH),
    ),
    data=data.Unpaired(
        data.TFDS("cycle_gan/monet2photo", "trainA"),
        data.TFDS("cycle_gan/monet2photo", "trainB"),
        size=256,
        augment=data.Augment(),
    ),
    batch_size=1,
    iterations=200 * EPOCH,
    log_every=100,
    sample_every=EPOCH,
    checkpoint_every=5 * EPOCH,
    samples=8,
)

"""CycleGAN with one encoder for both directions, on photos of Yosemite in summer and in winter.

The generators of 128 pixels share two strided convolutions and the first three of their six blocks.
All else is CycleGAN's for 128 pixels (Zhu et al. 2017, section 4): 143 pixels cut to 128, a history
of 50 images, batches of 1, Adam 2e-4 with b1 0.5, the cycle's weight 10, no identity loss; 1,231
images and 962, an epoch is the larger set, 100 epochs and 100 more of linear decay. Not run here:
it needs an accelerator. Prepare `cycle_gan/summer2winter_yosemite` with tfds in the array_record
format, then

    python -m gans_jax train experiments/paper/fused_cyclegan_summer2winter.py \\
        --data.a.data-dir DIR --data.b.data-dir DIR
"""

from gans_jax import CycleGAN, data, schedules
from gans_jax.networks import PatchGANDiscriminator, SharedEncoderTranslator
from gans_jax.training import Experiment

EPOCH = 1231
experiment = Experiment(
    method=CycleGAN(
        translator=SharedEncoderTranslator(features=64, encoder_blocks=3, decoder_blocks=3),
        discriminator=PatchGANDiscriminator(features=64, layers=3, norm="instance"),
        identity_weight=0.0,
        schedule=schedules.EpochDecay(EPOCH),
    ),
    data=data.Unpaired(
        data.TFDS("cycle_gan/summer2winter_yosemite", "trainA"),
        data.TFDS("cycle_gan/summer2winter_yosemite", "trainB"),
        size=128,
        augment=data.Augment(),
    ),
    batch_size=1,
    iterations=200 * EPOCH,
    log_every=100,
    sample_every=EPOCH,
    checkpoint_every=5 * EPOCH,
    samples=8,
)

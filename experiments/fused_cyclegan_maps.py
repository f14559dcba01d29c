"""CycleGAN with one encoder for both directions, on aerial photos and maps.

Claim, of a students' report on CycleGAN: to share the first half of the two generators makes the
network much smaller and its training more than twice as fast, for poorer images. The iterations are
those of `cyclegan_maps`, which differs in nothing but the translator.

    python -m gans_jax train experiments/fused_cyclegan_maps.py --data.source.path maps/train

The two encoders of a pair of generators never work on one image at one time, so that sharing them
saves parameters, but no operation: see `fused_encoder_cost.py`.
"""

from gans_jax import CycleGAN, data
from gans_jax.networks import PatchGANDiscriminator, SharedEncoderTranslator
from gans_jax.schedules import LinearDecay
from gans_jax.training import Experiment

experiment = Experiment(
    method=CycleGAN(
        translator=SharedEncoderTranslator(features=32, encoder_blocks=3, decoder_blocks=3),
        discriminator=PatchGANDiscriminator(features=32, layers=2, norm="instance"),
        identity_weight=0.0,
        schedule=LinearDecay(start=3000, end=4000),
    ),
    data=data.Unaligned(data.PairedFolder("data/maps/train", size=64, augment=data.Augment())),
    batch_size=1,
    iterations=4000,
    sample_every=1000,
    checkpoint_every=1000,
    samples=8,
)

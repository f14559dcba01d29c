"""CycleGAN with one encoder for both directions, on aerial photos and maps.

Claim of a students' report on CycleGAN: sharing the first half of the two generators makes the
network much smaller and its training more than twice as fast, for poorer images. Nothing but the
translator differs from `cyclegan_maps`.

    python -m gans_jax train experiments/translation/fused_cyclegan_maps.py \\
        --data.source.path maps/train

The two encoders of a pair of generators never work on the same image at the same time. Sharing them
therefore saves parameters, but no operation: see `experiments/tables/fused_encoder_cost.py`.

Measured as `cyclegan_maps` was, on one core, 2026-11-22, seed 0: 2226 s of that core, where the two
generators took 2270, so that the claim of twice the speed does not show. Maps to photos PSNR 15.8,
SSIM 0.116, sharpness 0.81 (two generators: 16.0, 0.108, 0.82), photos to maps 23.8, 0.469, 0.96
(24.0, 0.443, 1.13). By eye the photos are as good; the maps have some green, but not where the
parks are. So poorer images do not show here, either.
"""

from gans_jax import CycleGAN, data
from gans_jax.networks import PatchGANDiscriminator, SharedEncoderTranslator
from gans_jax.schedules import LinearDecay
from gans_jax.training import Experiment

experiment = Experiment(
    method=CycleGAN(
        translator=SharedEncoderTranslator(features=32, encoder_blocks=3, decoder_blocks=3),
        discriminator=PatchGANDiscriminator(features=32, layers=2, norm="instance"),
        schedule=LinearDecay(start=3000, end=4000),
    ),
    data=data.Unaligned(data.PairedFolder("data/maps/train", size=64, augment=data.Augment())),
    batch_size=1,
    iterations=4000,
    sample_every=1000,
    checkpoint_every=1000,
    samples=8,
)

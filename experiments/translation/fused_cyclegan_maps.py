"""CycleGAN with one encoder for both directions, on aerial photos and maps.

Claim of a students' report on CycleGAN: sharing the first half of the two generators makes the
network much smaller and its training more than twice as fast, for poorer images. Nothing but the
translator differs from `cyclegan_maps`.

    python -m gans_jax train experiments/translation/fused_cyclegan_maps.py \\
        --data.source.path maps/train

    python -m gans_jax train experiments/translation/fused_cyclegan_maps.py:report \\
        --data.source.path maps/train

The claim is made for the report's own code, which is half as wide as what it is compared with, and
has no identity loss: `report` is this setting here, with half of the features and logits that are
averaged over the image. The experiment without a name is as wide as `cyclegan_maps`. At equal width
and without the identity loss sharing saves parameters, but no pass through a network:
`experiments/tables/fused_encoder_cost.py` has the cost of all forms.

Measured as `cyclegan_maps` was, on one core, 2026-11-22, seed 0: 2226 s of that core, where the two
generators of equal width took 2270. Maps to photos PSNR 15.8,
SSIM 0.116, sharpness 0.81 (two generators: 16.0, 0.108, 0.82), photos to maps 23.8, 0.469, 0.96
(24.0, 0.443, 1.13). By eye the photos are as good; the maps have some green, but not where the
parks are. So poorer images do not show here, either.

`report`, 2026-11-29, seed 0, 247 s of a core of an AMD EPYC: maps to photos PSNR 15.9, SSIM 0.104,
sharpness 0.87, photos to maps 24.5, 0.501, 0.86 (docs/experiments/fused_cyclegan_report.png). By
eye its photos have a grain and no streets, and its maps are beige with green spots: poorer images
show by eye in the photos, and not in these numbers.
"""

import dataclasses

from gans_jax import CycleGAN, data
from gans_jax.networks import PatchGANDiscriminator, SharedEncoderTranslator
from gans_jax.schedules import LinearDecay
from gans_jax.training import Experiment

method = CycleGAN(
    translator=SharedEncoderTranslator(features=32, encoder_blocks=3, decoder_blocks=3),
    discriminator=PatchGANDiscriminator(features=32, layers=2, norm="instance"),
    schedule=LinearDecay(start=3000, end=4000),
)
experiment = Experiment(
    method=method,
    data=data.Unaligned(data.PairedFolder("data/maps/train", size=64, augment=data.Augment())),
    batch_size=1,
    iterations=4000,
    sample_every=1000,
    checkpoint_every=1000,
    samples=8,
)
report = dataclasses.replace(
    method,
    translator=method.translator.clone(features=16, borders="reflected"),
    discriminator=method.discriminator.clone(last_padding=3, average=True),
)
experiments = {"report": dataclasses.replace(experiment, method=report)}

"""CycleGAN turns aerial photos into maps and back, without pairs (Zhu et al. 2017, section 5.1).

Claim: with the cycle's loss two generators find each other's inverse between two unpaired sets.

    python -m gans_jax train experiments/cyclegan_maps.py --data.source.path maps/train

`maps/train` are pairs of pix2pix, the photo at the left and the map at the right; `Unaligned` takes
them apart, as the paper does, so that the translations of the held-out ones can be scored.

Against the paper: 64 pixels, half the features, 6 residual blocks and patches of 34 pixels, so that
two CPU cores take minutes; 300 of the 1,096 pairs. There is no identity loss, which the paper has
for paintings alone.
"""

from gans_jax import CycleGAN, data
from gans_jax.networks import PatchGANDiscriminator, ResNetGenerator, TwoGenerators
from gans_jax.schedules import LinearDecay
from gans_jax.training import Experiment

generator = ResNetGenerator(features=32, blocks=6)
experiment = Experiment(
    method=CycleGAN(
        translator=TwoGenerators(generator, generator),
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

"""CycleGAN turns aerial photos into maps and back, without pairs (Zhu et al. 2017, section 5.1).

Claim: with the cycle's loss two generators between unpaired sets become each other's inverse.

    python -m gans_jax train experiments/translation/cyclegan_maps.py --data.source.path maps/train

`maps/train` holds pairs of pix2pix, the photo at the left and the map at the right. `Unaligned`
takes the pairs apart for training, as the paper does; the translations of held-out pairs can still
be scored.

What differs from the paper: 64 pixels, half the features, 6 residual blocks and patches of 34
pixels, so that two CPU cores take minutes; 300 of the 1,096 pairs; a learning rate that decays over
the last quarter, in the paper over the last half. The identity loss is left out, as in the paper,
which has it for paintings alone.

Measured on one core of an AVX-512 Xeon, jax 0.10.2, Python 3.11, 2026-11-22, seed 0, on the 100
pairs of `maps/val` (`experiments.common.held_out_pairs RUN --test maps/val`), 2270 s of that core:

- Maps to photos: streets run where the map has them, between dark blocks that look like roofs and
  trees; blocks of water and parks are not distinguished. PSNR 16.0, SSIM 0.108, 0.82 of the real
  photos' sharpness; the mean training photo, the best guess without a map, has 17.2, 0.157, 0.05.
- Photos to maps: the beige of a map with a faint mesh of streets, with no water, parks or orange
  roads. PSNR 24.0, SSIM 0.443, sharpness 1.13; the mean training map 24.0, 0.646, 0.08.

So both directions find the look of the other domain and the large streets, and neither is nearer to
the truth than the mean is. The paper has 1,096 pairs and 200 epochs, this run 13 epochs. The decay
matters: the same run with a constant learning rate ended with yellow blotches on its maps, and PSNR
14.8 and 19.2. (The run with the decay went on from that run's iteration 3,000, up to which both are
the same computation; its time includes those iterations.)
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
        schedule=LinearDecay(start=3000, end=4000),
    ),
    data=data.Unaligned(data.PairedFolder("data/maps/train", size=64, augment=data.Augment())),
    batch_size=1,
    iterations=4000,
    sample_every=1000,
    checkpoint_every=1000,
    samples=8,
)

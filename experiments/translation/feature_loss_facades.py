"""Feature loss + GAN, a baseline of CycleGAN's tables, from labels to photos (Zhu et al. 2017).

Claim (arXiv:1703.10593, section 5.1.1): SimGAN with a distance of deep features instead of pixels
does not translate labels to photos without pairs.

    python -m gans_jax train experiments/translation/feature_loss_facades.py \\
        --data.source.path facades/train

`facades/train` holds pix2pix's pairs, the photo at the left. The features are the last ones of
EfficientNet-Lite0 that are 8 times smaller than the image, as VGG-16's relu4_2 is in the paper;
VGG's weights are in no package. The networks are CycleGAN's, small enough for a core to take
minutes at 64 pixels.

Measured on a core of an AVX-512 Xeon shared with other jobs, jax 0.10.2, Python 3.11, 2026-11-29,
seed 0: 896 s for 600 iterations. The claim shows as far as the run goes: the translations keep the
blue, yellow and red of the labels under a fine checkerboard, and none looks like a photo
(docs/experiments/feature_loss_facades.png), while the discriminator tells them from photos without
effort (a loss of 0.02). The deep features let the checkerboard pass, which pixels would not.
"""

from gans_jax import SimGAN, data, losses, metrics
from gans_jax.networks import PatchGANDiscriminator, ResNetGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=SimGAN(
        refiner=ResNetGenerator(features=16, blocks=3),
        discriminator=PatchGANDiscriminator(features=32, layers=2, norm="instance"),
        loss=losses.LeastSquares(),
        weight=1.0,
        features=metrics.EfficientNetFeatures(blocks=(4,)),
        k_refiner=1,
    ),
    data=data.Unaligned(
        data.PairedFolder("data/facades/train", direction="b_to_a", size=64, augment=data.Augment())
    ),
    batch_size=4,
    iterations=600,
    sample_every=200,
    samples=8,
)

"""CycleGAN on your own photos: two folders of images, without pairs (Zhu et al. 2017).

    python -m gans_jax train experiments/translation/cyclegan_folders.py --data.path photos
    python -m gans_jax translate runs/cyclegan_folders --input photos/testA --output translated

`photos` has the folders `trainA` and `trainB`, with images of any sizes: each is brought to `size`
pixels at its shorter side, and a random window of it is cut. `--data.size 256` is the paper's size,
for a GPU, `--data.on-bad skip` passes over files that cannot be read, and `--direction b_to_a`
translates the other way.

The networks have half the paper's features and 6 blocks instead of 9, as in `cyclegan_maps`, which
took 2,270 s of a core of an AVX-512 Xeon for as many iterations. The rate decays over the second
half, as in the paper.
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
        schedule=LinearDecay(start=2000, end=4000),
    ),
    data=data.UnpairedFolders("data/photos", size=64, augment=data.Augment()),
    batch_size=1,
    iterations=4000,
    sample_every=500,
    checkpoint_every=500,
    samples=8,
)

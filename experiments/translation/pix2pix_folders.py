"""pix2pix on your own pairs of images (Isola et al. 2017).

    python -m gans_jax train experiments/translation/pix2pix_folders.py --data.path pairs/train
    python -m gans_jax train experiments/translation/pix2pix_folders.py \\
        --data.path pairs/A --data.path-b pairs/B
    python -m gans_jax translate runs/pix2pix_folders --input photo.png --output translated.png

The first command reads files that show A at the left and B at the right, as the authors' data sets
do; the second reads A and B from two folders, under the same names and of any sizes. A becomes B,
and `--data.direction b_to_a` learns the other way. `--data.size 256` is the paper's size, for a
GPU: the network follows, and takes powers of two. `--data.on-bad skip` passes over files that
cannot be read.

The networks have half the paper's features, and batches of 4, as in `pix2pix_facades`, which took
1,264 s of a processor of an AVX-512 Xeon for 6,000 iterations; here are 4,000.
"""

from gans_jax import Pix2Pix, data
from gans_jax.networks import PatchGANDiscriminator, UNetGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=Pix2Pix(
        generator=UNetGenerator(size=64, features=32),
        discriminator=PatchGANDiscriminator(features=32, layers=2),
    ),
    data=data.PairedFolder("data/pairs", size=64, augment=data.Augment()),
    batch_size=4,
    iterations=4000,
    sample_every=500,
    checkpoint_every=500,
    samples=8,
)

"""pix2pix paints shoes from their edges (Isola et al. 2017, section 4.2).

The paper's settings (appendix 6.2): 49,825 pairs of UT Zappos50K with HED edges, 15 epochs of
batches of 4, no jitter. With `--data.path edges2handbags/train` and 137,000 pairs it is the paper's
other set of edges. Not run here: it needs an accelerator. With the data set in pix2pix's layout,

    python -m gans_jax train experiments/paper/pix2pix_edges2shoes.py --data.path edges2shoes/train
"""

from gans_jax import Pix2Pix, data
from gans_jax.networks import PatchGANDiscriminator, UNetGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=Pix2Pix(
        generator=UNetGenerator(size=256, features=64),
        discriminator=PatchGANDiscriminator(features=64, layers=3),
    ),
    data=data.PairedFolder("data/edges2shoes/train", size=256),
    batch_size=4,
    iterations=15 * 49_825 // 4,
    log_every=100,
    sample_every=5000,
    checkpoint_every=20_000,
    samples=8,
)

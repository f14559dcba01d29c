"""pix2pix paints street scenes from their labels (Isola et al. 2017, section 4.1).

The paper's settings (appendix 6.2): 2,975 pairs, 200 epochs of batches of 1, jitter and mirroring,
the constant learning rate of its Lua code. From photos to labels it is `--data.direction a_to_b`.
Not run here: it needs an accelerator. With the data set in pix2pix's layout,

    python -m gans_jax train experiments/paper/pix2pix_cityscapes.py --data.path cityscapes/train
"""

from gans_jax import Pix2Pix, data
from gans_jax.networks import PatchGANDiscriminator, UNetGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=Pix2Pix(
        generator=UNetGenerator(size=256, features=64),
        discriminator=PatchGANDiscriminator(features=64, layers=3),
    ),
    data=data.PairedFolder(
        "data/cityscapes/train", direction="b_to_a", size=256, augment=data.Augment()
    ),
    batch_size=1,
    iterations=200 * 2975,
    log_every=100,
    sample_every=5000,
    checkpoint_every=20_000,
    samples=8,
)

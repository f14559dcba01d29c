"""pix2pix turns day into night (Isola et al. 2017, section 4.2).

The paper's settings (appendix 6.2): 17,823 pairs of 91 webcams, 17 epochs of batches of 4, jitter
and mirroring. The night is to be at the right of each file, or else `--data.direction b_to_a`. Not
run here: it needs an accelerator. With the data set in pix2pix's layout,

    python -m gans_jax train experiments/paper/pix2pix_day2night.py --data.path night2day/train
"""

from gans_jax import Pix2Pix, data
from gans_jax.networks import PatchGANDiscriminator, UNetGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=Pix2Pix(
        generator=UNetGenerator(size=256, features=64),
        discriminator=PatchGANDiscriminator(features=64, layers=3),
    ),
    data=data.PairedFolder("data/night2day/train", size=256, augment=data.Augment()),
    batch_size=4,
    iterations=17 * 17_823 // 4,
    log_every=100,
    sample_every=5000,
    checkpoint_every=20_000,
    samples=8,
)

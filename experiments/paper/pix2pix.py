"""pix2pix on street scenes, day and night, and shoes (Isola et al. 2017, sections 4.1 and 4.2).

    python -m gans_jax train experiments/paper/pix2pix.py:cityscapes --data.path cityscapes/train
    python -m gans_jax train experiments/paper/pix2pix.py:day2night --data.path night2day/train
    python -m gans_jax train experiments/paper/pix2pix.py:edges2shoes --data.path edges2shoes/train

Not run here: it needs an accelerator. The folders have the layout of pix2pix's data sets. The
settings come from the paper's appendix 6.2.
"""

from gans_jax import Pix2Pix, data
from gans_jax.networks import PatchGANDiscriminator, UNetGenerator
from gans_jax.training import Experiment


def pix2pix(source: data.PairedFolder, batch_size: int, iterations: int) -> Experiment:
    """Returns the experiment on a folder of pairs."""
    return Experiment(
        method=Pix2Pix(
            generator=UNetGenerator(size=256, features=64),
            discriminator=PatchGANDiscriminator(features=64, layers=3),
        ),
        data=source,
        batch_size=batch_size,
        iterations=iterations,
        log_every=100,
        sample_every=5000,
        checkpoint_every=20_000,
        samples=8,
    )


experiments = {
    # Street scenes from their labels, section 4.1. 2,975 pairs, 200 epochs of batches of 1, jitter
    # and mirroring, the constant learning rate of the paper's Lua code. `--data.direction a_to_b`
    # turns photos into labels.
    "cityscapes": pix2pix(
        data.PairedFolder(
            "data/cityscapes/train", direction="b_to_a", size=256, augment=data.Augment()
        ),
        batch_size=1,
        iterations=200 * 2975,
    ),
    # Day into night, section 4.2. 17,823 pairs of 91 webcams, 17 epochs of batches of 4, jitter and
    # mirroring. If the night is not at the right of each file, add `--data.direction b_to_a`.
    "day2night": pix2pix(
        data.PairedFolder("data/night2day/train", size=256, augment=data.Augment()),
        batch_size=4,
        iterations=17 * 17_823 // 4,
    ),
    # Shoes from their edges, section 4.2. 49,825 pairs of UT Zappos50K with HED edges, 15 epochs of
    # batches of 4, no jitter. `--data.path edges2handbags/train` with 137,000 pairs is the paper's
    # other set of edges.
    "edges2shoes": pix2pix(
        data.PairedFolder("data/edges2shoes/train", size=256),
        batch_size=4,
        iterations=15 * 49_825 // 4,
    ),
}

"""pix2pix on the tasks of its paper (Isola et al. 2017, section 4 and appendix 6.2).

    python -m gans_jax train experiments/paper/pix2pix.py:cityscapes --data.path cityscapes/train
    python -m gans_jax train experiments/paper/pix2pix.py:day2night --data.path night2day/train
    python -m gans_jax train experiments/paper/pix2pix.py:edges2shoes --data.path edges2shoes/train
    python -m gans_jax train experiments/paper/pix2pix.py:maps --data.path maps/train
    python -m gans_jax train experiments/paper/pix2pix.py:thermal --data.path kaist/train
    python -m gans_jax train experiments/paper/pix2pix.py:colourisation --data.source.path imagenet
    python -m gans_jax train experiments/paper/pix2pix.py:inpainting --data.source.path paris

Not run here: it needs an accelerator. The folders have the layout of pix2pix's data sets. The
settings come from the paper's appendix 6.2.
"""

from gans_jax import Pix2Pix, data
from gans_jax.data.source import Source
from gans_jax.networks import PatchGANDiscriminator, UNetGenerator
from gans_jax.training import Experiment


def pix2pix(source: Source, batch_size: int, iterations: int) -> Experiment:
    """Returns the experiment on a source of pairs."""
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
    # Maps from aerial photos, 1,096 pairs of New York, 200 epochs of batches of 1, jitter and
    # mirroring. `--data.direction b_to_a` makes photos of maps.
    "maps": pix2pix(
        data.PairedFolder("data/maps/train", size=256, augment=data.Augment()),
        batch_size=1,
        iterations=200 * 1096,
    ),
    # Colour photos from thermal ones, 36,609 pairs of KAIST's sets 00 to 05, 10 epochs of batches
    # of 4. Each file has the thermal image at the left; the paper names no jitter.
    "thermal": pix2pix(
        data.PairedFolder("data/kaist/train", size=256),
        batch_size=4,
        iterations=10 * 36_609 // 4,
    ),
    # Colours of grey photos, 1.2 million images of ImageNet, 6 epochs of batches of 4, mirroring
    # alone. The input is the luma in three channels and the output RGB, where the paper's code
    # makes the channels ab of Lab from L.
    "colourisation": pix2pix(
        data.Colourisation(
            data.ImageFolder("data/imagenet/train", size=None, on_bad="skip"),
            size=256,
            augment=data.Augment(enlarge=1.0),
        ),
        batch_size=4,
        iterations=6 * 1_281_167 // 4,
    ),
    # Photos with a hole, 14,900 images of Paris StreetView, 25 epochs of batches of 4, a random
    # window and no mirroring. The hole takes a quarter of the image, and is at a random place,
    # where the context encoders that the paper compares with have it in the centre.
    "inpainting": pix2pix(
        data.Inpainting(
            data.ImageFolder("data/paris_streetview/train", size=None),
            hole=0.5,
            size=256,
            augment=data.Augment(flip=False),
        ),
        batch_size=4,
        iterations=25 * 14_900 // 4,
    ),
}

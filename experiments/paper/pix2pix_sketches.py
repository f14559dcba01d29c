"""pix2pix from the contours of photos, and from sketches (Isola et al. 2017, section 4).

    python -m gans_jax train experiments/paper/pix2pix_sketches.py:contours --data.source.path P
    python -m gans_jax train experiments/paper/pix2pix_sketches.py:sketches --data.source.path P

P is a folder of photos. The paper trains edges to photo on shoes and handbags, and applies the
models to sketches that people have drawn (`pix2pix.py:edges2shoes` has its own pairs). Here the
drawings are made from any photos. `contours` follows the paper with Canny's contours in the place
of HED's. `sketches` trains on what stands for people's sketches, which is not in the paper: both
models can be given drawings of both kinds, to see how far each follows the lines of the other.

Not run here: it needs an accelerator. The settings are the paper's for shoes (appendix 6.2): 15
epochs of 49,825 photos in batches of 4, no jitter. Both need `pip install '.[edges]'`.
"""

from gans_jax import Pix2Pix, data
from gans_jax.networks import PatchGANDiscriminator, UNetGenerator
from gans_jax.training import Experiment

PHOTOS = data.ImageFolder("data/photos", size=None)


def pix2pix(source: data.ContoursToPhoto) -> Experiment:
    """Returns the experiment on photos with drawings of them."""
    return Experiment(
        method=Pix2Pix(
            generator=UNetGenerator(size=256, features=64),
            discriminator=PatchGANDiscriminator(features=64, layers=3),
        ),
        data=source,
        batch_size=4,
        iterations=15 * 49_825 // 4,
        log_every=100,
        sample_every=5000,
        checkpoint_every=20_000,
        samples=8,
    )


experiments = {
    "contours": pix2pix(data.ContoursToPhoto(PHOTOS, size=256)),
    "sketches": pix2pix(data.SketchToPhoto(PHOTOS, size=256)),
}

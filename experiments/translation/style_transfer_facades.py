"""A network paints photos in a style by perceptual losses (Johnson et al. 2016, arXiv:1603.08155).

Claim: a network that is trained once for a style paints any photo in it in one pass.

    python -m gans_jax train experiments/translation/style_transfer_facades.py \\
        --data.a.source.path facades/train --data.b.path style

`facades/train` holds pix2pix's pairs, of which the photo at the left is taken; `style` is a folder
with one image. The features are EfficientNet-Lite0's, of maps 2, 4, 8 and 16 times smaller than the
image. The paper's are VGG-16's, whose weights are in no package, so that neither the paper's
weights of the terms nor its pictures can be expected.

What else differs from the paper: 64 pixels, half the network's features and three blocks, batches
of 2 and few iterations, so that a core takes minutes, and facades instead of COCO.

Measured on a core of an AVX-512 Xeon shared with other jobs, jax 0.10.2, Python 3.11, 2026-11-29,
seed 0, with `ihc.png` of scikit-image as the style: 91 s for 300 iterations, in which the
generator's loss falls from 352 to 239. The claim shows in part: the photos take the brown, the
white and the blue of the style, and keep the rows of windows, but little of its round shapes
(docs/experiments/style_transfer_facades.png). With a style weight of 0.5 the shapes come and the
windows go; with 5, and a variation weight of 0.1, a checkerboard of single pixels lay over all,
which the strided features reward.
"""

from gans_jax import StyleTransfer, data, metrics
from gans_jax.networks import StyleNetwork
from gans_jax.training import Experiment

experiment = Experiment(
    method=StyleTransfer(
        generator=StyleNetwork(features=16, blocks=3),
        features=metrics.EfficientNetFeatures(blocks=(0, 2, 4, 10)),
        content=1,
        style_weight=0.15,
        variation_weight=1000.0,
    ),
    data=data.Unpaired(
        a=data.Side(data.PairedFolder("data/facades/train", size=72)),
        b=data.ImageFolder("data/style", size=72),
        size=64,
        augment=data.Augment(),
    ),
    batch_size=2,
    iterations=300,
    log_every=25,
    sample_every=100,
    checkpoint_every=100,
    samples=8,
)

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

A first run had a style weight of 5, a variation weight of 0.1 and batches of 4, and was stopped
after 140 iterations: 184 s of a core of an AVX-512 Xeon that other jobs shared, 41 s of them to
compile (jax 0.10.2, Python 3.11, 2026-11-28, seed 0; the style is `ihc.png` of scikit-image). The
style's term fell from 1,227 in iteration 25 to 693 in iteration 100, while the content's stayed at
about 150. By eye the photos took the brown, the blue and the round shapes of the style image, and
kept the rows of windows, all under a checkerboard of single pixels, which the strided features
reward. Hence the weights below, which have not been measured yet.
"""

from gans_jax import StyleTransfer, data, metrics
from gans_jax.networks import StyleNetwork
from gans_jax.training import Experiment

experiment = Experiment(
    method=StyleTransfer(
        generator=StyleNetwork(features=16, blocks=3),
        features=metrics.EfficientNetFeatures(blocks=(0, 2, 4, 10)),
        content=1,
        style_weight=0.5,
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

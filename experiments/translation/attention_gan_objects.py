"""Attention-GAN changes an object and leaves its background (Chen et al. 2018, arXiv:1803.06798).

Claim: with an attention network the translation of an object preserves its surroundings better than
CycleGAN and DistanceGAN do, and best if masks are given.

    python -m gans_jax train experiments/translation/attention_gan_objects.py \\
        --data.backgrounds.source.path facades/train \\
        --data.objects-a.path emoji --data.objects-b.path emoji

Yellow faces become animals' heads. They are pasted on photos of facades, so that every mask is
known. `facades/train` holds pix2pix's pairs, of which the photo at the left is taken; `emoji` holds
the files of `emoji-datasource-google` (Noto, 64 pixels, with transparency). `--method.supervised
True` gives the masks to the method. The images have 64 pixels where the paper's have 256, and the
networks an eighth of the features and 3 blocks, so that two CPU cores take minutes.

`experiments/tables/attention_gan_table.py` trains all four methods of the paper's comparison on
these data, and measures how well each keeps the backgrounds.

Measured on one shared core of an AVX-512 Xeon, jax 0.10.2, Python 3.11, 2026-11-22, seed 0, in
1375 s. By eye: yellow faces lose their colour and become furry, each within its own disc, and the
photos stay as they are. Half of the heads become yellow in place; beside the others a wall is
painted yellow instead. A face in magenta is not touched. `attention_gan_table.py` has the numbers.
"""

from gans_jax import AttentionGAN, data
from gans_jax.networks import (
    AttentionNetwork,
    LayeredTranslator,
    PatchGANDiscriminator,
    ResNetGenerator,
    TwoGenerators,
)
from gans_jax.training import Experiment

FACES = ("1f60?.png", "1f61?.png", "1f62?.png")
HEADS = ("1f428.png", "1f42d.png", "1f430.png", "1f43[7-9a-d].png")

generator = ResNetGenerator(features=16, blocks=3)
attention = AttentionNetwork(features=8, blocks=3)
experiment = Experiment(
    method=AttentionGAN(
        translator=LayeredTranslator(
            TwoGenerators(generator, generator), TwoGenerators(attention, attention)
        ),
        discriminator=PatchGANDiscriminator(features=16, layers=2, norm="instance"),
    ),
    data=data.PastedObjects(
        backgrounds=data.Side(data.PairedFolder("data/facades/train", size=64)),
        objects_a=data.CutOuts("data/emoji", FACES),
        objects_b=data.CutOuts("data/emoji", HEADS),
        size=64,
    ),
    batch_size=4,
    iterations=1000,
    sample_every=500,
    checkpoint_every=500,
    samples=8,
)

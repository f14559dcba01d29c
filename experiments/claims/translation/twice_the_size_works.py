"""A fully convolutional pix2pix translates images of twice the size that it was trained on."""

import numpy as np

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.claims.translation.settings import BATCH, PIX2PIX, sharpened, small_digits
from experiments.common import translation_scores as scores


def run(seed: int) -> Numbers:
    """Returns the scores of four digits side by side, 64x64, beside one at a time, 32x32."""
    state, made = sharpened(PIX2PIX, seed)
    test = scores.stacked(small_digits("test"))
    order = np.random.default_rng(0).permutation(1000)  # the digits are sorted by class
    tiled = test["a"][order].reshape(250, 2, 2, 32, 32, 1).transpose(0, 1, 3, 2, 4, 5)
    tiled = scores.translated(PIX2PIX, state, tiled.reshape(250, 64, 64, 1), BATCH)
    tiles = tiled.reshape(250, 2, 32, 2, 32, 1).transpose(0, 1, 3, 2, 4, 5)
    tiles = tiles.reshape(1000, 32, 32, 1)[np.argsort(order)]
    once = judges.translations(made, test["b"])
    twice = judges.translations(tiles, test["b"])
    return {
        "accuracy": once["accuracy"],
        "accuracy at twice": twice["accuracy"],
        "lost": once["accuracy"] - twice["accuracy"],
    }


claim = Claim(
    sentence="A generator that is trained on one size works on images of twice the size.",
    source="Isola et al. 2017, pix2pix, section 4.4 and figure 8 (maps at 512x512)",
    null="images of twice the size are translated much worse",
    setup="as in `l1_blurs_and_a_gan_sharpens`, L1+cGAN; four digits side by side are an image of "
    "64x64",
    arms={"L1+cGAN": run},
    measures={
        **judges.measures("accuracy"),
        "accuracy at twice": "the same of digits that were translated four at a time",
        "lost": "the difference of both; lower is better",
    },
    rule=(
        Condition("lost", "L1+cGAN", "<", 0.1),
        Condition("accuracy at twice", "L1+cGAN", ">", 0.5),
    ),
    minutes=4,
)

"""L1 alone makes blurred images, L1 with a conditional GAN sharp ones."""

import dataclasses
import functools

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.claims.translation.settings import PIX2PIX, judged

METHODS = {
    "L1": dataclasses.replace(PIX2PIX, adversarial=False),
    "L2": dataclasses.replace(PIX2PIX, adversarial=False, distance="l2"),
    "GAN": dataclasses.replace(PIX2PIX, weight=0.0, conditional=False),
    "cGAN": dataclasses.replace(PIX2PIX, weight=0.0),
    "L1+GAN": dataclasses.replace(PIX2PIX, conditional=False),
    "L1+cGAN": PIX2PIX,
}


def run(name: str, seed: int) -> Numbers:
    return judged(METHODS[name], seed)


claim = Claim(
    sentence="L1 alone leads to blurry results, and with a conditional GAN to sharp ones.",
    source="Isola et al. 2017, pix2pix, section 4.2 and figure 4",
    null="both have as much of the truth's fine structure",
    setup="digits of 4x4 pixels to 32x32, a U-Net and patches of 16 features, 3,000 iterations of "
    "16 pairs",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures=judges.measures("fine", "accuracy", "PSNR", "variety"),
    rule=(
        Condition("fine", "L1", "<", -0.1),
        Condition("fine", "L1", "<", "L1+cGAN"),
    ),
    minutes=20,
)

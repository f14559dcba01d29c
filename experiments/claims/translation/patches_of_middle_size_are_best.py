"""Patches of a middle size are better than single pixels and than the whole image."""

import dataclasses
import functools

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers, Shared
from experiments.claims.translation.settings import PATCHES, PIX2PIX, judged
from gans_jax.networks import PixelGANDiscriminator

DISCRIMINATORS = {
    "1 pixel": PixelGANDiscriminator(features=16),
    "16 pixels": PATCHES.clone(layers=1),
    "70 pixels": PATCHES.clone(layers=3),
}


def run(name: str, seed: int) -> Numbers:
    return judged(dataclasses.replace(PIX2PIX, discriminator=DISCRIMINATORS[name]), seed)


claim = Claim(
    sentence="A discriminator of single pixels leaves images blurred, patches sharpen them, and a "
    "discriminator of the whole image does not improve on patches.",
    source="Isola et al. 2017, pix2pix, section 4.4, table 3 and figure 6",
    null="the size of the patches changes nothing",
    setup="as in `l1_blurs_and_a_gan_sharpens`, L1+cGAN; patches of 34 and of 70 pixels see the "
    "whole image",
    arms={name: functools.partial(run, name) for name in DISCRIMINATORS}
    | {"34 pixels": Shared("l1_blurs_and_a_gan_sharpens", "L1+cGAN")},
    measures=judges.measures("fine", "accuracy", "PSNR"),
    rule=(
        Condition("fine", "1 pixel", "<", "16 pixels"),
        Condition("accuracy", "1 pixel", "<", "16 pixels"),
        Condition("accuracy", "70 pixels", "<", "16 pixels"),
    ),
    minutes=10,
    remark="what holds is that single pixels leave images blurred. That patches are better than "
    "the whole image is open: 34 pixels, which see all of it, too, are as good as 16.",
)

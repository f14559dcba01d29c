"""A U-Net translates better than an encoder and a decoder without skip connections."""

import dataclasses
import functools

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers, Shared
from experiments.claims.translation.settings import PIX2PIX, UNET, judged

HOME, PLAIN = "l1_blurs_and_a_gan_sharpens", UNET.clone(skip=False)
METHODS = {
    "L1, no skips": dataclasses.replace(PIX2PIX, generator=PLAIN, adversarial=False),
    "L1+cGAN, no skips": dataclasses.replace(PIX2PIX, generator=PLAIN),
}


def run(name: str, seed: int) -> Numbers:
    return judged(METHODS[name], seed)


claim = Claim(
    sentence="With skip connections the translations are better, by L1 alone and with a "
    "conditional GAN.",
    source="Isola et al. 2017, pix2pix, section 4.3, table 2 and figure 5",
    null="an encoder and a decoder without skips translate as well",
    setup="as in `l1_blurs_and_a_gan_sharpens`",
    arms={
        "L1": Shared(HOME, "L1"),
        "L1+cGAN": Shared(HOME, "L1+cGAN"),
        **{name: functools.partial(run, name) for name in METHODS},
    },
    measures=judges.measures("accuracy", "PSNR", "fine"),
    rule=(
        Condition("accuracy", "L1", ">", "L1, no skips"),
        Condition("accuracy", "L1+cGAN", ">", "L1+cGAN, no skips"),
        Condition("PSNR", "L1", ">", "L1, no skips"),
        Condition("PSNR", "L1+cGAN", ">", "L1+cGAN, no skips"),
    ),
    minutes=7,
)

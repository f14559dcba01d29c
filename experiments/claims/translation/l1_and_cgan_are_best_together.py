"""Of pix2pix's losses, L1 with a conditional GAN is read best."""

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Shared

HOME = "l1_blurs_and_a_gan_sharpens"
ARMS = ("L1", "GAN", "cGAN", "L1+GAN", "L1+cGAN")

claim = Claim(
    sentence="Translations by L1 and a conditional GAN are recognised best: better than by L1 "
    "alone, either GAN alone, and L1 with an unconditional GAN, which is nearly as good.",
    source="Isola et al. 2017, pix2pix, table 1",
    null="another loss is recognised as well",
    setup="as in `l1_blurs_and_a_gan_sharpens`",
    arms={name: Shared(HOME, name) for name in ARMS},
    measures=judges.measures("accuracy", "fine"),
    rule=tuple(Condition("accuracy", "L1+cGAN", ">", name) for name in ARMS[:-1]),
)

"""A GAN whose discriminator does not see the input ignores it, so that its outputs are alike."""

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Shared

HOME = "l1_blurs_and_a_gan_sharpens"

claim = Claim(
    sentence="A GAN that does not see the input makes nearly the same output for every input, and "
    "a conditional GAN does not.",
    source="Isola et al. 2017, pix2pix, section 4.2 and table 1",
    null="the translations of both vary as much, and are read as well",
    setup="as in `l1_blurs_and_a_gan_sharpens`, without L1",
    arms={"GAN": Shared(HOME, "GAN"), "cGAN": Shared(HOME, "cGAN")},
    measures=judges.measures("variety", "accuracy", "PSNR", "fine"),
    rule=(
        Condition("variety", "GAN", "<", "cGAN"),
        Condition("accuracy", "GAN", "<", "cGAN"),
    ),
    remark="without the input the outputs vary half as much as the truth, so that they are not "
    "nearly the same; but the digit in them is the wrong one, nearly as often as by chance.",
)

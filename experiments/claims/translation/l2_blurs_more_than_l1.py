"""L1 encourages less blurring than L2."""

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Shared

HOME = "l1_blurs_and_a_gan_sharpens"

claim = Claim(
    sentence="L1 encourages less blurring than L2.",
    source="Isola et al. 2017, pix2pix, section 3.1",
    null="both have as much of the truth's fine structure",
    setup="as in `l1_blurs_and_a_gan_sharpens`, without a GAN",
    arms={"L1": Shared(HOME, "L1"), "L2": Shared(HOME, "L2")},
    measures=judges.measures("fine", "accuracy", "PSNR"),
    rule=(Condition("fine", "L2", "<", "L1"),),
)

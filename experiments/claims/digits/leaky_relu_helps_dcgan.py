"""Leaky ReLU in the discriminator is better than ReLU."""

import dataclasses

from experiments.claims.digits.settings import DCGAN, DISCRIMINATOR, UPDATES, judged
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers, Shared

METHOD = dataclasses.replace(DCGAN, discriminator=DISCRIMINATOR.clone(activation="relu"))


def run(seed: int) -> Numbers:
    return judged(METHOD, UPDATES, seed)


claim = Claim(
    sentence="Leaky ReLU in the discriminator is better than ReLU.",
    source="Radford et al. 2016, DCGAN, section 3, guideline 5",
    null="the samples are as good without it",
    setup="DCGAN's networks with 16 features on digits, 3,000 iterations of 64, and the "
    "same with ReLU in the discriminator",
    arms={"DCGAN": Shared("batch_norm_helps_dcgan", "DCGAN"), "ReLU": run},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(Condition("FD-digits", "DCGAN", "<", "ReLU"),),
    reached=(Condition("FD-digits", "DCGAN", "<", 300),),
    minutes=10,
)

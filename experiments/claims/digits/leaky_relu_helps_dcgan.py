"""Leaky ReLU in the discriminator is better than ReLU."""

import dataclasses

from experiments.claims.digits.settings import (
    DISCRIMINATOR,
    TUNED_DCGAN,
    TUNED_ITERATIONS,
    TUNED_SETUP,
    judged,
)
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers, Shared

METHOD = dataclasses.replace(TUNED_DCGAN, discriminator=DISCRIMINATOR.clone(activation="relu"))


def run(seed: int) -> Numbers:
    return judged(METHOD, TUNED_ITERATIONS, seed)


claim = Claim(
    sentence="Leaky ReLU in the discriminator is better than ReLU.",
    source="Radford et al. 2016, DCGAN, section 3, guideline 5",
    null="the samples are as good without it",
    setup=f"{TUNED_SETUP}, and the same with ReLU in the discriminator",
    arms={"DCGAN": Shared("batch_norm_helps_dcgan", "DCGAN"), "ReLU": run},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(Condition("FD-digits", "DCGAN", "<", "ReLU"),),
    reached=(Condition("FD-digits", "DCGAN", "<", 300),),
    minutes=10,
)

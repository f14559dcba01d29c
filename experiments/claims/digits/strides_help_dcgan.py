"""Strided convolutions are better than pooling and repeated pixels."""

import dataclasses

from experiments.claims.digits.settings import (
    DISCRIMINATOR,
    GENERATOR,
    TUNED_DCGAN,
    TUNED_ITERATIONS,
    TUNED_SETUP,
    judged,
)
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers, Shared

METHOD = dataclasses.replace(
    TUNED_DCGAN,
    generator=GENERATOR.clone(upsample="repeat"),
    discriminator=DISCRIMINATOR.clone(downsample="max_pool"),
)


def run(seed: int) -> Numbers:
    return judged(METHOD, TUNED_ITERATIONS, seed)


claim = Claim(
    sentence="Strided convolutions are better than pooling and repeated pixels.",
    source="Radford et al. 2016, DCGAN, section 3, guideline 1",
    null="the samples are as good without it",
    setup=f"{TUNED_SETUP}, and the "
    "same with pooling in the discriminator and repeated pixels in the generator",
    arms={"DCGAN": Shared("batch_norm_helps_dcgan", "DCGAN"), "pooling": run},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(Condition("FD-digits", "DCGAN", "<", "pooling"),),
    reached=(Condition("FD-digits", "DCGAN", "<", 300),),
    minutes=10,
)

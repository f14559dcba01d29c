"""Batch norm in all layers."""

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
    generator=GENERATOR.clone(norm_output=True),
    discriminator=DISCRIMINATOR.clone(norm_input=True),
)


def run(seed: int) -> Numbers:
    return judged(METHOD, TUNED_ITERATIONS, seed)


claim = Claim(
    sentence="Batch norm in all layers, also at the generator's output and the discriminator's "
    "input, makes samples oscillate and training unstable.",
    source="Radford et al. 2016, DCGAN, section 3",
    null="the samples are as good without it",
    setup=f"{TUNED_SETUP}, and the "
    "same with batch norm at the generator's output and the discriminator's input, "
    "too",
    arms={"DCGAN": Shared("batch_norm_helps_dcgan", "DCGAN"), "norm in all layers": run},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(Condition("FD-digits", "DCGAN", "<", "norm in all layers"),),
    reached=(Condition("FD-digits", "DCGAN", "<", 300),),
    seeds=10,
    minutes=18,
    remark="only the final samples were measured, and not whether training oscillates.",
)

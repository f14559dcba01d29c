"""Batch norm in both networks lets deep GANs of convolutions learn."""

import dataclasses
import functools

from experiments.claims.digits.settings import (
    DISCRIMINATOR,
    GENERATOR,
    TUNED_DCGAN,
    TUNED_ITERATIONS,
    TUNED_SETUP,
    judged,
)
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers

METHODS = {
    "DCGAN": TUNED_DCGAN,
    "no batch norm": dataclasses.replace(
        TUNED_DCGAN,
        generator=GENERATOR.clone(norm="none"),
        discriminator=DISCRIMINATOR.clone(norm="none"),
    ),
}


def run(name: str, seed: int) -> Numbers:
    return judged(METHODS[name], TUNED_ITERATIONS, seed)


claim = Claim(
    sentence="Batch norm in both networks lets deep GANs of convolutions learn, and keeps samples "
    "from collapsing to a point.",
    source="Radford et al. 2016, DCGAN, section 3, guideline 2",
    null="the samples are as good without it",
    setup=f"{TUNED_SETUP}, and the same without batch norm in either network",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(Condition("FD-digits", "DCGAN", "<", "no batch norm"),),
    reached=(Condition("FD-digits", "DCGAN", "<", 300),),
    minutes=10,
    remark="the samples are worse without batch norm, but they do not collapse, and the networks "
    "do learn.",
)

"""Batch norm in both networks lets deep GANs of convolutions learn."""

import dataclasses
import functools

from experiments.claims.digits.settings import DCGAN, DISCRIMINATOR, GENERATOR, UPDATES, judged
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers

METHODS = {
    "DCGAN": DCGAN,
    "no batch norm": dataclasses.replace(
        DCGAN,
        generator=GENERATOR.clone(norm="none"),
        discriminator=DISCRIMINATOR.clone(norm="none"),
    ),
}


def run(name: str, seed: int) -> Numbers:
    return judged(METHODS[name], UPDATES, seed)


claim = Claim(
    sentence="Batch norm in both networks lets deep GANs of convolutions learn, and keeps samples "
    "from collapsing to a point.",
    source="Radford et al. 2016, DCGAN, section 3, guideline 2",
    null="the samples are as good without it",
    setup="DCGAN's networks with 16 features on digits, 3,000 iterations of 64, and the "
    "same without batch norm in either network",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(Condition("FD-digits", "DCGAN", "<", "no batch norm"),),
    reached=(Condition("FD-digits", "DCGAN", "<", 300),),
    minutes=10,
)

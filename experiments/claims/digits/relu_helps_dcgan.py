"""ReLU in the generator is better than a bounded activation in its hidden layers."""

import dataclasses

from experiments.claims.digits.settings import DCGAN, GENERATOR, UPDATES, judged
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers, Shared

METHOD = dataclasses.replace(DCGAN, generator=GENERATOR.clone(activation="tanh"))


def run(seed: int) -> Numbers:
    return judged(METHOD, UPDATES, seed)


claim = Claim(
    sentence="ReLU in the generator is better than a bounded activation in its hidden layers.",
    source="Radford et al. 2016, DCGAN, section 3, guideline 4",
    null="the samples are as good without it",
    setup="DCGAN's networks with 16 features on digits, 3,000 iterations of 64, and the "
    "same with tanh in the generator's hidden layers",
    arms={"DCGAN": Shared("batch_norm_helps_dcgan", "DCGAN"), "tanh": run},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(Condition("FD-digits", "DCGAN", "<", "tanh"),),
    reached=(Condition("FD-digits", "DCGAN", "<", 300),),
    minutes=10,
)

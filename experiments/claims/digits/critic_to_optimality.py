"""The more often the critic is updated, the better a generator update is."""

import dataclasses
import functools

from experiments.claims.digits.settings import DIGITS_WGAN, judged
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers

UPDATES, ITERATIONS = {"1 update": 1, "5 updates": 5, "25 updates": 25, "100 updates": 100}, 200


def run(name: str, seed: int) -> Numbers:
    method = dataclasses.replace(DIGITS_WGAN, n_critic=UPDATES[name])
    return judged(method, ITERATIONS, seed)


claim = Claim(
    sentence="The critic can be trained to its optimum, and the better it is, the better is the "
    "generator's gradient.",
    source="Wasserstein GAN, section 3",
    null="more critic updates an iteration make the generator no better, or worse",
    setup="WGAN with DCGAN's networks, 16 features, 200 updates of the generator in all arms",
    arms={name: functools.partial(run, name) for name in UPDATES},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(
        Condition("FD-digits", "5 updates", "<", "1 update"),
        Condition("FD-digits", "25 updates", "<", "5 updates"),
        Condition("FD-digits", "100 updates", "<", "5 updates"),
    ),
    minutes=30,
    remark="after 200 updates of the generator no arm is trained to its end: this WGAN comes to "
    "164 with 600 updates and five of its critic before each. Why the samples get worse with a "
    "better critic was not examined.",
)

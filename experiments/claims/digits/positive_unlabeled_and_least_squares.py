"""Positive and unlabeled classification around LSGAN, beside LSGAN with the authors' targets."""

import functools

from experiments.claims.digits.settings import judged
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.tables.pugan_digits import ITERATIONS, experiments

METHODS = {"LSGAN": "LSGAN01", "PULSGAN": "PULSGAN"}


def run(name: str, seed: int) -> Numbers:
    return judged(experiments[METHODS[name]].method, 2 * ITERATIONS, seed)


claim = Claim(
    sentence="For least squares on MNIST, positive and unlabeled classification does not lower the "
    "Fréchet distance (13.5 without and 14.0 with it).",
    source="Guo et al. 2020, PUGAN, table 1",
    null="it lowers the distance, as for the other losses",
    setup="DCGAN's networks with 16 features, 3,000 iterations of 64; the authors' targets: 0 and "
    "1 without, -1 and 1 with it",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(Condition("FD-digits", "PULSGAN", ">", "LSGAN"),),
    reached=(Condition("FD-digits", "LSGAN", "<", 300),),
    minutes=15,
)

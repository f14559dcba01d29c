"""Two time scales: a discriminator that learns faster than the generator."""

import dataclasses
import functools

from experiments.claims.digits.settings import judged
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.tables.coulomb_table_digits import experiments

METHOD = experiments["Coulomb GAN"].method
METHODS = {
    "twice as fast": METHOD,
    "equal": dataclasses.replace(METHOD, discriminator_learning_rate=METHOD.learning_rate),
    "half as fast": dataclasses.replace(
        METHOD, discriminator_learning_rate=METHOD.learning_rate / 2
    ),
}


def run(name: str, seed: int) -> Numbers:
    return judged(METHODS[name], 1500, seed)


claim = Claim(
    sentence="A Coulomb GAN needs a discriminator that learns faster than its generator, so that "
    "it has the potential near its optimum.",
    source="Unterthiner et al. 2018, Coulomb GANs, section 2.4 (two time-scale update rule)",
    null="the samples are as good with equal learning rates",
    setup="Coulomb GAN with DCGAN's networks of 16 features, 1,500 iterations of 64, learning rate "
    "5e-4 of the generator",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(
        Condition("FD-digits", "twice as fast", "<", "equal"),
        Condition("FD-digits", "twice as fast", "<", "half as fast"),
    ),
    minutes=25,
    remark="the arms differ in the discriminator's rate alone, so that a rate that is too high for "
    "it would show in the same way.",
)

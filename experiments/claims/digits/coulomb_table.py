"""The order of methods in Coulomb GAN's table 1, on digits."""

import dataclasses
import functools

from experiments.claims.digits.settings import TUNED_DCGAN, judged
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.tables.coulomb_table_digits import experiments

COULOMB = experiments["Coulomb GAN"].method
METHODS = {
    "DCGAN": (TUNED_DCGAN, 3000),
    "WGAN-GP": (experiments["WGAN-GP"].method, 1200),
    "Coulomb GAN": (COULOMB, 3000),
    "Coulomb GAN, slow D": (
        dataclasses.replace(COULOMB, discriminator_learning_rate=COULOMB.learning_rate / 2),
        3000,
    ),
}


def run(name: str, seed: int) -> Numbers:
    return judged(*METHODS[name], seed)


claim = Claim(
    sentence="By the Fréchet distance a Coulomb GAN is better than DCGAN, and WGAN-GP is better "
    "still.",
    source="Unterthiner et al. 2018, Coulomb GANs, table 1",
    null="DCGAN is as good as a Coulomb GAN",
    setup="DCGAN's networks with 16 features, twice the iterations of `coulomb_table_digits`, "
    "DCGAN with learning rates that let it start with all seeds; the last arm has the best of the "
    "three rates in `two_rates_help`",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(
        Condition("FD-digits", "Coulomb GAN", "<", "DCGAN"),
        Condition("FD-digits", "Coulomb GAN, slow D", "<", "DCGAN"),
        Condition("FD-digits", "WGAN-GP", "<", "Coulomb GAN"),
        Condition("FD-digits", "WGAN-GP", "<", "Coulomb GAN, slow D"),
    ),
    reached=(Condition("FD-digits", "Coulomb GAN, slow D", "<", 300),),
    minutes=35,
    beyond="On one GPU, about two hours: `python -m gans_jax train "
    "experiments/paper/coulomb_gan.py:celeba64`, and WGAN-GP and DCGAN beside it.",
    picture="coulomb_table_digits.png",
    remark="that WGAN-GP is better than a Coulomb GAN shows with every seed, and DCGAN is better, "
    "too: its distance is half of a Coulomb GAN's.",
)

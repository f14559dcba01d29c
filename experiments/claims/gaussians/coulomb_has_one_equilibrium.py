"""From unequal shares of two modes Coulomb GAN comes back to equal ones, GAN need not."""

import dataclasses
import functools

import jax
import jax.numpy as jnp

from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.gaussians.coulomb_gaussians import (
    STEPS,
    TWO,
    UNEQUAL,
    method,
    others,
    shares,
    train_from,
)
from gans_jax import data, schedules

DECAY = schedules.LinearDecay(start=STEPS // 2, end=STEPS)
COULOMB = dataclasses.replace(method, epsilon=0.5, schedule=DECAY)
METHODS = {
    "Coulomb GAN": COULOMB,
    "GAN": dataclasses.replace(others["gan"], schedule=DECAY),
}


def run(name: str, seed: int) -> Numbers:
    """Returns how far the share of the smaller mode is from a half."""
    two, unequal = (dataclasses.replace(source, seed=seed) for source in (TWO, UNEQUAL))
    first = data.stream(two, 256, method=COULOMB)[0]
    start = train_from(COULOMB.init(jax.random.key(seed), first), COULOMB, unequal)
    chosen = METHODS[name]
    state = chosen.init(jax.random.key(seed + 1), data.stream(two, 256, method=chosen)[0])
    params = jax.tree.map(jnp.copy, start.generator.params)
    state = state._replace(generator=state.generator._replace(params=params))
    left, right = shares(chosen, train_from(state, chosen, two), two)
    return {"imbalance": float(abs(left - right) / max(left + right, 1e-6))}


claim = Claim(
    sentence="A Coulomb GAN has one equilibrium, in which the distributions agree, so that unequal "
    "shares of modes are corrected.",
    source="Unterthiner et al. 2018, Coulomb GANs, theorem 1 and figure 1",
    null="the shares stay as unequal as GAN leaves them",
    setup="two Gaussians of half of the data each, a generator that has learned shares of 10 and "
    "90 %, and 10,000 iterations against a new discriminator",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures={
        "imbalance": "difference of the two shares over their sum; 0 is right, 0.8 the start"
    },
    rule=(
        Condition("imbalance", "Coulomb GAN", "<", 0.1),
        Condition("imbalance", "Coulomb GAN", "<", "GAN"),
    ),
    minutes=30,
    remark="the imbalance counts the samples near a mode, and how many there are was not recorded.",
)

"""For images the gradient of log(1 - D) vanishes within a few hundred updates of D."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from experiments.claims.digits.settings import DCGAN, DIGITS_WGAN
from experiments.claims.framework.claim import Claim, Condition, Numbers
from gans_jax import WGAN, core, data, losses

EARLY, LATE, MINIBATCHES = 5, 300, 20
METHODS = {
    "log(1 - D)": dataclasses.replace(DCGAN, loss=losses.Minimax()),
    "-log D": DCGAN,
    "WGAN": DIGITS_WGAN,
}


def gradients(method, state, opponent, key):
    """Returns the generator's gradients `[MINIBATCHES, weights]`."""

    def one(key):
        z = method.prior(key, 64)
        player = lambda params: state.generator._replace(params=params)
        loss = lambda params: method.generator_loss(player(params), opponent, z, key)[0]
        return ravel_pytree(jax.grad(loss)(state.generator.params))[0]

    return jax.lax.map(one, jax.random.split(key, MINIBATCHES))


def growth(name: str, seed: int) -> Numbers:
    """Returns how the norm of the mean gradient, and the deviation over it, changed."""
    method, real = METHODS[name], core.as_float(jnp.asarray(data.Digits().arrays["image"]))
    state = jax.jit(method.init)(jax.random.key(seed), {"image": real[None, :64]})
    is_wgan = isinstance(method, WGAN)
    opponent = state.critic if is_wgan else state.discriminator
    update = method.update_critic if is_wgan else method.update_discriminator
    step = jax.jit(lambda player, rows, key: update(player, state, real[rows], key)[0])
    look = jax.jit(lambda player: gradients(method, state, player, jax.random.key(1)))
    rng, found = np.random.default_rng(seed), {}
    for t, key in enumerate(jax.random.split(jax.random.key(seed + 2), LATE), start=1):
        opponent = step(opponent, rng.integers(len(real), size=64), key)
        if t in (EARLY, LATE):
            drawn = np.asarray(look(opponent))
            norm = np.linalg.norm(drawn.mean(axis=0))
            found[t] = np.array([norm, np.sqrt(drawn.var(axis=0).sum()) / norm])
    norm, relative = np.log10(found[LATE] / found[EARLY])
    return {"growth": float(norm), "relative": float(relative)}


claim = Claim(
    sentence="Against images the gradient of log(1 - D) vanishes as the discriminator is trained, "
    "the one of -log D grows and gets noisier, and the one through a critic stays.",
    source="Arjovsky and Bottou 2017, figures 2 and 3, with DCGAN's networks",
    null="the norms of the gradients do not change, nor their deviations over the norms",
    setup="DCGAN's generator with 16 features as it is initialised, its opponents after 5 and "
    "after 300 updates on digits, 20 gradients of minibatches of 64",
    arms={name: functools.partial(growth, name) for name in METHODS},
    measures={
        "growth": "log10 of the gradient's norm after 300 updates over its norm after 5",
        "relative": "log10 of the growth of the gradient's deviation over its norm",
    },
    rule=(
        Condition("growth", "log(1 - D)", "<", -1),
        Condition("growth", "-log D", ">", 0),
        Condition("relative", "-log D", ">", 0),
        Condition("growth", "WGAN", ">", -0.5),
    ),
    seeds=10,
    minutes=6,
    remark="the gradient through the critic grew as much as the one of -log D, 37 times; the rule "
    "only asks that it does not vanish.",
)

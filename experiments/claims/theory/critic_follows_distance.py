"""The optimal discriminator is flat where a far generator stands; the critic is not."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.theory.theory_two_gaussians import GRID, Location, derivative, respond
from gans_jax import GAN, WGAN, core, losses, priors
from gans_jax.networks import MLPDiscriminator

NETWORK = MLPDiscriminator(features=(64, 64), activation="leaky_relu")
SHARED = {"generator": Location(), "prior": priors.Normal(1), "learning_rate": 1e-3}
METHODS = {
    "log(1 - D)": GAN(discriminator=NETWORK, loss=losses.Minimax(), **SHARED),
    "WGAN": WGAN(critic=NETWORK, clip=0.1, **SHARED),
}


def slope(name: str, seed: int) -> Numbers:
    """Returns the derivative of the generator's loss, a critic's over its largest slope."""
    method = METHODS[name]
    state = jax.jit(method.init)(jax.random.key(seed), {"image": jnp.zeros((1, 256, 1))})
    if isinstance(method, WGAN):
        update = lambda player, real, key: method.update_critic(player, state, real, key)
        opponent = respond(update, state.critic, seed)
        values = core.apply(NETWORK, opponent, jnp.float32(GRID[:, None]))[0]
        largest = float(np.abs(np.gradient(np.asarray(values, float), GRID)).max())
    else:
        update = lambda player, real, key: method.update_discriminator(player, state, real, key)
        opponent, largest = respond(update, state.discriminator, seed), 1.0
    return {"derivative": abs(derivative(method, state.generator, opponent)) / largest}


claim = Claim(
    sentence="At its optimum a discriminator gives a distant generator no gradient, and a critic "
    "gives one everywhere.",
    source="Wasserstein GAN, figure 2",
    null="both give the generator as little gradient",
    setup="real points from N(0, 0.5^2), a generator theta + 0.5 z at theta = 4, opponents of "
    "3,000 updates",
    arms={name: functools.partial(slope, name) for name in METHODS},
    measures={
        "derivative": "size of the derivative of the generator's loss in theta; the critic's is "
        "divided by its largest slope, and 1 would be exact"
    },
    rule=(
        Condition("derivative", "log(1 - D)", "<", 0.01),
        Condition("derivative", "WGAN", ">", 0.1),
    ),
    seeds=10,
    picture="theory_two_gaussians.png",
)

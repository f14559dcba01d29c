"""Optimistic optimizers of optax on a game whose gradients turn around its solution."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gans_jax import GAN, losses, schedules
from tests.support import tiny

KEY = jax.random.key(0)


class Constant(nn.Module):
    """One parameter, which is 1 at the start, for every row of noise."""

    @nn.compact
    def __call__(self, z):
        return jnp.broadcast_to(self.param("a", nn.initializers.ones, (1,)), (z.shape[0], 1))


@pytest.mark.parametrize(
    ("optimizer", "learning_rate", "iterations", "converges"),
    [
        (optax.sgd, 0.2, 300, False),
        (optax.optimistic_gradient_descent, 0.2, 300, True),
        (functools.partial(optax.adam, b1=0.5), 0.05, 1500, False),
        (functools.partial(optax.optimistic_adam_v2, b1=0.5), 0.05, 1500, True),
    ],
)
def test_optimism_finds_the_solution_of_a_bilinear_game(
    optimizer, learning_rate, iterations, converges
):
    """min_a max_w w (0 - a), of which only the origin is a solution (Daskalakis et al. 2018)."""
    critic = nn.Dense(1, use_bias=False, kernel_init=nn.initializers.ones)
    method = GAN(
        Constant(),
        critic,
        loss=losses.Wasserstein(),
        learning_rate=learning_rate,
        optimizer=optimizer,
        schedule=schedules.LinearDecay(start=10**6, end=2 * 10**6),  # 1, but traced
    )
    batch = {"image": jnp.zeros((1, 2, 1))}

    def body(state, _):
        state, _ = method.step(state, batch, KEY)
        return state, jnp.hypot(
            state.generator.params["a"][0], state.discriminator.params["kernel"][0, 0]
        )

    state = method.init(KEY, batch)
    _, distances = tiny.jit(lambda state: jax.lax.scan(body, state, length=iterations))(state)
    late = np.asarray(distances[-iterations // 5 :])
    assert (late.max() < 0.05) if converges else (late.max() > 0.5), late

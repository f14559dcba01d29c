"""What keeps a critic Lipschitz: weight clipping and the gradient penalty."""

import dataclasses
from collections.abc import Callable
from typing import Any

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.core import Passes, Player


def clip_weights(params: chex.ArrayTree, limit: chex.Numeric) -> chex.ArrayTree:
    """Clips every parameter (weights, biases, norm scales) to [-limit, limit] (WGAN, line 7)."""
    return jax.tree.map(lambda w: jnp.clip(w, -limit, limit), params)


def safe_norm(x: Array) -> Array:
    """Returns the norm over all axes but the first, `[n, ...] -> [n]`, with gradient 0 at 0."""
    squared = jnp.sum(jnp.square(x), axis=range(1, x.ndim))
    positive = squared > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squared, 1)), 0)


def gradients(critic: Callable[..., Any], x: Array, *condition: Array) -> Array:
    """Returns the critic's gradient at each example x, `[n, ...]` as x, in at least float32.

    `critic` maps `[n, ...]`, and labels if it takes them, to one logit per example, each from its
    own example alone.
    """

    def total(x: Array) -> Array:
        logits, _ = core.judged(critic(x, *condition))
        return jnp.sum(core.per_example(logits))

    return core.at_least_float32(jax.grad(total)(x))


def slopes(critic: Callable[..., Any], x: Array, *condition: Array) -> Array:
    """Returns the norm of the critic's gradient at each example, `[n]`; see `gradients`."""
    return safe_norm(gradients(critic, x, *condition))


def between(real: Array, fake: Array, key: Array) -> Array:
    """Draws a point on the line from each real to its fake example, `real + u (fake - real)`."""
    keys = core.example_keys(key, real.shape[0])
    u = jax.vmap(lambda key: jax.random.uniform(key, dtype=real.dtype))(keys)
    return real + u.reshape(-1, *[1] * (real.ndim - 1)) * (fake - real)


@dataclasses.dataclass(frozen=True)
class GradientPenalty:
    """weight * E (|grad critic(x)| - 1)^2 between real and fake (Gulrajani et al. 2017, eq. 3)."""

    weight: float = 10.0

    def __call__(
        self,
        network: nn.Module,
        critic: Player,
        real: Array,
        fake: Array,
        key: Array,
        *condition: Array,
    ) -> Array:
        line_key, critic_key = jax.random.split(key)
        x = between(real, fake, line_key)
        slope = slopes(Passes(network, critic, critic_key), x, *condition)
        return self.weight * jnp.mean((slope - 1) ** 2)


def refuse_batch_norm(batch_stats: chex.ArrayTree) -> None:
    """Raises ValueError if a network keeps statistics of batch norm, which mixes the examples.

    Other statistics pass, such as the vectors of `flax.linen.SpectralNorm`.
    """
    names = {path[-1].key for path, _ in jax.tree.leaves_with_path(batch_stats)}
    if names & {"mean", "var"}:
        raise ValueError(
            "a gradient penalty needs a critic without batch norm, whose gradient at one example "
            "depends on the others: give the critic another norm, such as norm='layer' or 'none'"
        )

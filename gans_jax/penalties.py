"""What keeps a critic Lipschitz: weight clipping and the gradient penalty."""

import dataclasses
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.core import Player, apply


def clip_weights(params: Any, limit: Array | float) -> Any:
    """Every parameter (weights, biases, norm scales) into [-limit, limit] (WGAN, Algorithm 1)."""
    return jax.tree.map(lambda w: jnp.clip(w, -limit, limit), params)


def safe_norm(x: Array) -> Array:
    """Euclidean norm over all but the first axis, `[n, ...] -> [n]`, with gradient 0 at 0."""
    squared = jnp.sum(jnp.square(x), axis=range(1, x.ndim))
    positive = squared > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squared, 1)), 0)


def slopes(critic: Callable[[Array], Array], x: Array) -> Array:
    """The norm of the critic's gradient at each example, `[n]`, over all non-batch axes.

    `critic` maps `[n, ...]` to one logit per example, each from its own example alone.
    """
    gradients = jax.grad(lambda x: jnp.sum(core.per_example(critic(x))))(x)
    return safe_norm(gradients.astype(jnp.promote_types(gradients.dtype, jnp.float32)))


def between(real: Array, fake: Array, key: Array) -> Array:
    """A uniform point on the line from each real to its fake example, `real + u (fake - real)`."""
    keys = core.example_keys(key, real.shape[0])
    u = jax.vmap(lambda key: jax.random.uniform(key, dtype=real.dtype))(keys)
    return real + u.reshape(-1, *[1] * (real.ndim - 1)) * (fake - real)


@dataclasses.dataclass(frozen=True)
class GradientPenalty:
    """weight * E (|grad critic(x)| - 1)^2 between real and fake (Gulrajani et al. 2017, eq. 3)."""

    weight: float = 10.0

    def __call__(
        self, network: nn.Module, critic: Player, real: Array, fake: Array, key: Array
    ) -> Array:
        line_key, dropout_key = jax.random.split(key)
        x = between(real, fake, line_key)
        slope = slopes(lambda x: apply(network, critic, x, train=True, key=dropout_key)[0], x)
        return self.weight * jnp.mean((slope - 1) ** 2)


def refuse_batch_norm(batch_stats: Any) -> None:
    """ValueError if statistics are those of batch norm, by which a gradient mixes the examples.

    Others pass, such as the vectors of `flax.linen.SpectralNorm`.
    """
    names = {path[-1].key for path, _ in jax.tree.leaves_with_path(batch_stats)}
    if names & {"mean", "var"}:
        raise ValueError(
            "a gradient penalty needs a critic without batch norm, whose gradient at one example "
            "depends on the others: give the critic another norm, such as norm='layer' or 'none'"
        )

"""What keeps a critic smooth: weight clipping and penalties on its gradient."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.core import Passes, Player

Critic: TypeAlias = Callable[..., Any]


def clip_weights(params: chex.ArrayTree, limit: chex.Numeric) -> chex.ArrayTree:
    """Clips every parameter (weights, biases, norm scales) to [-limit, limit] (WGAN, line 7)."""
    return jax.tree.map(lambda w: jnp.clip(w, -limit, limit), params)


def safe_norm(x: Array) -> Array:
    """Returns the norm over all axes but the first, `[n, ...] -> [n]`, with gradient 0 at 0."""
    squared = jnp.sum(jnp.square(x), axis=range(1, x.ndim))
    positive = squared > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squared, 1)), 0)


def gradients(critic: Critic, x: Array, *condition: Array) -> Array:
    """Returns the critic's gradient at each example x, `[n, ...]` as x, in at least float32.

    `critic` maps `[n, ...]`, and labels if it takes them, to one logit per example, each from its
    own example alone.
    """

    def total(x: Array) -> Array:
        logits, _ = core.judged(critic(x, *condition))
        return jnp.sum(core.per_example(logits))

    return core.at_least_float32(jax.grad(total)(x))


def slopes(critic: Critic, x: Array, *condition: Array) -> Array:
    """Returns the norm of the critic's gradient at each example, `[n]`; see `gradients`."""
    return safe_norm(gradients(critic, x, *condition))


def squared_slopes(critic: Critic, x: Array) -> Array:
    """Returns the squared norm of the critic's gradient at each example, `[n]`."""
    return jnp.sum(jnp.square(gradients(critic, x)), axis=range(1, x.ndim))


def between(real: Array, fake: Array, key: Array) -> Array:
    """Draws a point on the line from each real to its fake example, `real + u (fake - real)`."""
    keys = core.example_keys(key, real.shape[0])
    u = jax.vmap(lambda key: jax.random.uniform(key, dtype=real.dtype))(keys)
    return real + u.reshape(-1, *[1] * (real.ndim - 1)) * (fake - real)


class Penalty:
    """A term of a critic's loss beside the one of its logits; a penalty defines `term`.

    A penalty that is not a mean over examples declares `couples_examples = True`.
    """

    couples_examples: bool = False

    def term(self, critic: Critic, real: Array, fake: Array, key: Array) -> Array:
        """Returns the term, a scalar, for a critic as a function of examples `[n, ...]` alone."""
        raise NotImplementedError

    def __call__(
        self,
        network: nn.Module,
        critic: Player,
        real: Array,
        fake: Array,
        key: Array,
        *condition: Array,
    ) -> Array:
        """Returns the term for a player, in training mode.

        Args:
          network: the critic's, with one logit per example.
          critic: its parameters and statistics, which stay as they are.
          real, fake: examples `[n, ...]`.
          key: for the penalty's own draws and for dropout.
          *condition: what the network takes after the examples, such as labels `[n]`.
        """
        own_key, critic_key = jax.random.split(key)
        passes = Passes(network, critic, critic_key)
        return self.term(lambda x: passes(x, *condition), real, fake, own_key)


@dataclasses.dataclass(frozen=True)
class GradientPenalty(Penalty):
    """weight * E (|grad critic(x)| - 1)^2 between real and fake (Gulrajani et al. 2017, eq. 3).

    Attributes:
      weight: of the penalty.
    """

    weight: float = 10.0

    def term(self, critic: Critic, real: Array, fake: Array, key: Array) -> Array:
        slope = slopes(critic, between(real, fake, key))
        return self.weight * jnp.mean((slope - 1) ** 2)


@dataclasses.dataclass(frozen=True)
class R1(Penalty):
    """gamma / 2 * E |grad critic(x)|^2 at real x (Mescheder et al. 2018, 1801.04406, eq. 9).

    Attributes:
      gamma: twice the weight of the mean squared slope.
    """

    gamma: float = 10.0

    def term(self, critic: Critic, real: Array, fake: Array, key: Array) -> Array:
        return self.gamma / 2 * jnp.mean(squared_slopes(critic, real))


@dataclasses.dataclass(frozen=True)
class R2(Penalty):
    """gamma / 2 * E |grad critic(x)|^2 at generated x (Mescheder et al. 2018, eq. 10).

    Attributes:
      gamma: twice the weight of the mean squared slope.
    """

    gamma: float = 10.0

    def term(self, critic: Critic, real: Array, fake: Array, key: Array) -> Array:
        return self.gamma / 2 * jnp.mean(squared_slopes(critic, fake))


@dataclasses.dataclass(frozen=True)
class DRAGAN(Penalty):
    """weight * E (|grad critic(y)| - 1)^2 around real examples (Kodali et al. 2017, 1705.07215).

    As in the authors' code y = x + a * spread * std * u, with a uniform in [0, 1] for each example,
    u uniform in [0, 1] for each value, and std the standard deviation of all values of all real
    examples in the global batch.

    Attributes:
      weight: of the penalty.
      spread: how far y may be from x, in standard deviations of the data.
    """

    weight: float = 10.0
    spread: float = 0.5
    couples_examples = True

    def term(self, critic: Critic, real: Array, fake: Array, key: Array) -> Array:
        value_key, line_key = jax.random.split(key)
        mean = core.mean_over_devices(jnp.mean(real))
        std = jnp.sqrt(core.mean_over_devices(jnp.mean(jnp.square(real - mean))))
        keys = core.example_keys(value_key, real.shape[0])
        u = jax.vmap(lambda key: jax.random.uniform(key, real.shape[1:], real.dtype))(keys)
        slope = slopes(critic, between(real, real + self.spread * std * u, line_key))
        return self.weight * jnp.mean((slope - 1) ** 2)


@dataclasses.dataclass(frozen=True)
class Sum(Penalty):
    """The sum of several penalties, such as `Sum((R1(), R2()))`.

    Attributes:
      penalties: the penalties that are added.
    """

    penalties: tuple[Penalty, ...]

    @property
    def couples_examples(self) -> bool:  # type: ignore[override]
        return any(penalty.couples_examples for penalty in self.penalties)

    def term(self, critic: Critic, real: Array, fake: Array, key: Array) -> Array:
        keys = jax.random.split(key, len(self.penalties))
        total = jnp.zeros(())
        for penalty, own_key in zip(self.penalties, keys, strict=True):
            total += penalty.term(critic, real, fake, own_key)
        return total


def refuse_coupling(network: nn.Module, batch_stats: chex.ArrayTree) -> None:
    """Raises ValueError for a critic whose logit of one example depends on the others.

    Batch norm is known by its statistics. Other statistics pass, such as the vectors of spectral
    norm; other networks declare `couples_examples`.
    """
    names = {path[-1].key for path, _ in jax.tree.leaves_with_path(batch_stats)}
    if names & {"mean", "var"}:
        raise ValueError(
            "a gradient penalty needs a critic without batch norm, whose gradient at one example "
            "depends on the others: give the critic another norm, such as norm='layer' or 'none'"
        )
    if core.couples_examples(network):
        raise ValueError(
            "a gradient penalty needs a critic that judges each example by itself, but "
            f"{type(network).__name__} couples them: leave out the minibatch standard deviation"
        )

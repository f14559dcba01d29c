"""Coulomb GAN."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Batch, Metrics, Player, apply, checks, descend
from gans_jax.core.kernels import potential
from gans_jax.methods.gan import GANState
from gans_jax.methods.generative import Generative
from gans_jax.priors import Normal
from gans_jax.schedules import Constant


@dataclasses.dataclass(frozen=True)
class CoulombGAN(Generative):
    """Coulomb GAN (Unterthiner et al. 2018, arXiv:1708.08819), Algorithm 1.

    Real examples attract the generated ones, which repel each other. The discriminator learns the
    potential of this field by least squares, and the generator climbs it. Both are updated at once
    from the same examples, each against the other's old weights. The authors' code has the
    potential's sign reversed and its d larger by 2, and twice these losses.

    Batch: `image` `[n, ...]`, uint8 or float in [-1, 1], at least two; the potential is that of the
    global batch, so a device's work grows with it. Metrics: loss and gradient norm of each player,
    the means of the potential and of the logits on real and on fake examples. The discriminator
    sees these in two passes; a player's running batch statistics change in its own updates only.
    """

    generator: nn.Module
    discriminator: nn.Module
    prior: Any = Normal(32)
    d: float = 1.0
    epsilon: float = 1.0
    learning_rate: float = 1e-4
    discriminator_learning_rate: float | None = None
    optimizer: Callable[..., optax.GradientTransformation] = optax.adam
    schedule: Any = Constant()
    batch_axis: ClassVar[int] = 0
    couples_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checks.positive(d=self.d, epsilon=self.epsilon, learning_rate=self.learning_rate)
        checks.positive(discriminator_learning_rate=self.discriminator_learning_rate)

    def _optimizers(self) -> tuple[optax.GradientTransformation, optax.GradientTransformation]:
        rate = self.discriminator_learning_rate
        return (
            self.optimizer(self.learning_rate),
            self.optimizer(self.learning_rate if rate is None else rate),
        )

    def init(self, key: Array, batch: Batch) -> GANState:
        """The state before iteration 0; ValueError if the networks do not fit the batch."""
        real = core.as_float(batch["image"])
        players = zip((self.generator, self.discriminator), self._optimizers(), strict=True)
        generator, discriminator = core.create_pair(key, self.prior, real, *players)
        return GANState(jnp.zeros((), jnp.int32), generator, discriminator)

    def discriminator_loss(
        self, discriminator: Player, generator: Player, real: Array, z: Array, key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """1/2 E (D(x) - Phi(x))^2 + 1/2 E (D(y) - Phi(y))^2 for generated x, real y."""
        keys = jax.random.split(key, 3)
        fake, _ = apply(self.generator, generator, z, train=True, key=keys[0])
        fake = lax.stop_gradient(fake)
        everything = core.gather((real, fake))
        checks.coupled(type(self).__name__, everything[0].shape[0])
        on_real, stats = apply(self.discriminator, discriminator, real, train=True, key=keys[1])
        discriminator = discriminator._replace(batch_stats=stats)
        on_fake, stats = apply(self.discriminator, discriminator, fake, train=True, key=keys[2])
        loss, metrics = 0, {}
        for name, x, logits in (("real", real, on_real), ("fake", fake, on_fake)):
            phi = potential(x, *everything, self.d, self.epsilon)
            loss += jnp.mean((core.per_example(logits) - phi) ** 2) / 2
            metrics |= {
                f"potential_{name}": jnp.mean(phi),
                f"logit_{name}": core.mean_logit(logits),
            }
        return loss, (stats, metrics)

    def generator_loss(
        self, generator: Player, discriminator: Player, z: Array, key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-1/2 E D(x)."""
        keys = jax.random.split(key, 3)
        fake, stats = apply(self.generator, generator, z, train=True, key=keys[0])
        discriminator = lax.stop_gradient(discriminator)
        on_fake, _ = apply(self.discriminator, discriminator, fake, train=True, key=keys[2])
        return -core.mean_logit(on_fake) / 2, (stats, {})

    def step(self, state: GANState, batch: Batch, key: Array) -> tuple[GANState, Metrics]:
        """One update of both players, on the same examples."""
        real = core.as_float(batch["image"])
        z_key, key = jax.random.split(key)
        z = self.prior(z_key, real.shape[0])
        (for_generator, for_discriminator), factor = self._optimizers(), self.schedule(state.step)
        loss, rest = self.discriminator_loss, (state.discriminator, state.generator, real, z, key)
        discriminator, metrics = descend(
            loss, for_discriminator, *rest, name="discriminator", factor=factor
        )
        loss, rest = self.generator_loss, (state.generator, state.discriminator, z, key)
        generator, more = descend(loss, for_generator, *rest, name="generator", factor=factor)
        return GANState(state.step + 1, generator, discriminator), metrics | more

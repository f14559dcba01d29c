"""Coulomb GAN."""

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Aux, Batch, Loss, Metrics, Passes, Player, checks, descend, mean_logit
from gans_jax.core.kernels import potential
from gans_jax.methods.generative import TwoTimeScales
from gans_jax.methods.states import GANState
from gans_jax.priors import Normal
from gans_jax.schedules import Constant


@dataclasses.dataclass(frozen=True)
class CoulombGAN(TwoTimeScales):
    """Coulomb GAN (Unterthiner et al. 2018, arXiv:1708.08819), Algorithm 1.

    Real examples attract the generated ones, which repel each other. The discriminator learns the
    potential of this field by least squares, and the generator climbs it. Both are updated at once
    from the same examples, each against the other's old weights. The authors' code has the
    potential's sign reversed and its d larger by 2, and twice these losses. The discriminator sees
    real and fake examples in two passes; a player's running batch statistics change in its own
    updates only.

    Attributes:
      generator: the network that makes examples of noise.
      discriminator: the network that learns the potential.
      prior: the distribution of the noise.
      d: the dimension in the exponent of the kernel; smaller reaches farther.
      epsilon: the distance below which the kernel is flat.
      learning_rate: of the optimizer, before the schedule's factor.
      discriminator_learning_rate: the discriminator's own; None for the same.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Batch: `image` `[n, ...]`, uint8 or float in [-1, 1], at least two examples. The potential is
    one of the global batch, so a device's work grows with it.

    Metrics: loss and gradient norm of each player, the means of the potential and of the logits on
    real and on fake examples.

    >>> from gans_jax.networks import MLPDiscriminator, MLPGenerator
    >>> method = CoulombGAN(MLPGenerator((2,), (8,), output="linear"), MLPDiscriminator((8,)))
    >>> batch = {"image": jnp.zeros((4, 2))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> bool(metrics["potential_real"] > metrics["potential_fake"])
    True
    """

    generator: nn.Module
    discriminator: nn.Module
    prior: Any = Normal(32)
    d: float = 1.0
    epsilon: float = 1.0
    learning_rate: float = 1e-4
    discriminator_learning_rate: float | None = None
    optimizer: core.OptimizerFactory = optax.adam
    schedule: Any = Constant()
    couples_examples = True

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(d=self.d, epsilon=self.epsilon, learning_rate=self.learning_rate)
        checks.positive(discriminator_learning_rate=self.discriminator_learning_rate)

    def init(self, key: Array, batch: Batch) -> GANState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the networks do not fit the batch.
        """
        real = core.images(batch, "image")
        networks = self.generator, self.discriminator
        generator, discriminator = core.create_pair(
            key, self.prior, real, *networks, *self.optimizers(0)
        )
        return GANState(jnp.zeros((), jnp.int32), generator, discriminator)

    def discriminator_loss(
        self, discriminator: Player, generator: Player, real: Array, z: Array, key: Array
    ) -> Loss:
        """Returns 1/2 E (D(x) - Phi(x))^2 + 1/2 E (D(y) - Phi(y))^2, generated x and real y."""
        generator_key, discriminator_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key)
        d = Passes(self.discriminator, discriminator, discriminator_key)
        fake = lax.stop_gradient(g(z))
        all_real, all_fake = core.gather((real, fake))
        checks.coupled(type(self).__name__, all_real.shape[0])
        phi = functools.partial(
            potential, real=all_real, fake=all_fake, d=self.d, epsilon=self.epsilon
        )
        on_real, on_fake, phi_real, phi_fake = d(real), d(fake), phi(real), phi(fake)
        loss = jnp.mean((core.per_example(on_fake) - phi_fake) ** 2) / 2
        loss += jnp.mean((core.per_example(on_real) - phi_real) ** 2) / 2
        metrics = {
            "potential_real": jnp.mean(phi_real),
            "potential_fake": jnp.mean(phi_fake),
            "logit_real": mean_logit(on_real),
            "logit_fake": mean_logit(on_fake),
        }
        return loss, Aux(d.batch_stats, metrics)

    def generator_loss(
        self, generator: Player, discriminator: Player, z: Array, key: Array
    ) -> Loss:
        """Returns -1/2 E D(x)."""
        generator_key, discriminator_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key)
        d = Passes(self.discriminator, lax.stop_gradient(discriminator), discriminator_key)
        return -mean_logit(d(g(z))) / 2, Aux(g.batch_stats, {})

    def step(self, state: GANState, batch: Batch, key: Array) -> tuple[GANState, Metrics]:
        """Updates both players on the same examples, each against the other's old weights."""
        z_key, key = jax.random.split(key)
        real = core.images(batch, "image")
        z = self.prior(z_key, real.shape[0])
        generator_optimizer, discriminator_optimizer = self.optimizers(state.step)
        _, old_generator, old_discriminator = state
        update = descend(self.discriminator_loss, discriminator_optimizer, "discriminator")
        discriminator, discriminator_metrics, _ = update(
            old_discriminator, old_generator, real, z, key
        )
        update = descend(self.generator_loss, generator_optimizer, "generator")
        same_key = jax.random.clone(key)  # both losses have the same dropout
        generator, generator_metrics, _ = update(old_generator, old_discriminator, z, same_key)
        state = GANState(state.step + 1, generator, discriminator)
        return state, discriminator_metrics | generator_metrics

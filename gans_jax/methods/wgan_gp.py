"""Wasserstein GAN with gradient penalty."""

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import (
    Aux,
    Batch,
    Condition,
    Loss,
    Metrics,
    Passes,
    Player,
    checks,
    descend,
    judged,
    mean_logit,
)
from gans_jax.methods.states import WGANState
from gans_jax.methods.wasserstein import Wasserstein
from gans_jax.penalties import GradientPenalty, Penalty
from gans_jax.priors import Normal
from gans_jax.schedules import Constant


@dataclasses.dataclass(frozen=True)
class WGANGP(Wasserstein):
    """WGAN with gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028), Algorithm 1.

    The penalty's gradient is finite where the critic's slope is 0. The authors' code makes no
    generator update in iteration 0; here every iteration has one. `generator_batch` multiplies the
    generator's batch: 2 in the paper's residual networks for CIFAR-10, which also have a learning
    rate that decays linearly. A critic with batch norm is an error. Another `penalty` takes
    the place of the paper's.

    Attributes:
      generator: the network that makes examples of noise.
      critic: the network that gives each example a number without bounds.
      prior: the distribution of the noise.
      penalty: of the critic's slopes, with its weight.
      learning_rate: of the optimizer, before the schedule's factor.
      n_critic: critic updates in an iteration.
      generator_batch: by how much the generator's batch is larger than the critic's.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Batch: `image` `[n_critic, n, ...]`, uint8 or float in [-1, 1].

    Metrics: loss and gradient norm of each player, `wasserstein` and `gradient_penalty` at the
    critic's last update, mean logits on real and fake.

    >>> from gans_jax.networks import MLPDiscriminator, MLPGenerator
    >>> method = WGANGP(MLPGenerator((2,), (8,), output="linear"), MLPDiscriminator((8,)))
    >>> batch = {"image": jnp.zeros((5, 4, 2))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> "gradient_penalty" in metrics
    True
    """

    generator: nn.Module
    critic: nn.Module
    prior: Any = Normal(128)
    penalty: Penalty = GradientPenalty(10.0)
    learning_rate: float = 1e-4
    n_critic: int = 5
    generator_batch: int = 1
    optimizer: core.OptimizerFactory = functools.partial(optax.adam, b1=0.0, b2=0.9)
    schedule: Any = Constant()

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate, n_critic=self.n_critic)
        checks.positive(generator_batch=self.generator_batch)

    def minibatches(self, t: int) -> range:
        """Returns the n_critic minibatches of iteration t."""
        return range(self.n_critic * t, self.n_critic * (t + 1))

    def critic_loss(
        self,
        critic: Player,
        generator: Player,
        real: Array,
        z: Array,
        key: Array,
        condition: Condition = (),
    ) -> Loss:
        """Returns E f(g(z)) - E f(x) + weight * E (|grad f| - 1)^2."""
        generator_key, critic_key, penalty_key = jax.random.split(key, 3)
        g = Passes(self.generator, generator, generator_key, condition)
        f = Passes(self.critic, critic, critic_key, condition)
        fake = lax.stop_gradient(g(z))
        (logits_real, class_real), (logits_fake, class_fake) = judged(f(real)), judged(f(fake))
        on_real, on_fake = mean_logit(logits_real), mean_logit(logits_fake)
        penalty = self.penalty(self.critic, f.player, real, fake, penalty_key, *condition)
        metrics = {
            "wasserstein": on_real - on_fake,
            "gradient_penalty": penalty,
            "logit_real": on_real,
            "logit_fake": on_fake,
        }
        loss = on_fake - on_real + penalty + class_real + class_fake
        return loss, Aux(f.batch_stats, metrics)

    def update_critic(
        self, critic: Player, state: WGANState, real: Array, key: Array, condition: Condition = ()
    ) -> tuple[Player, Metrics]:
        """Runs lines 3 to 9 of Algorithm 1."""
        z_key, loss_key = jax.random.split(key)
        real = core.as_float(real)
        z = self.prior(z_key, real.shape[0])  # line 4
        update = descend(self.critic_loss, self.optimizer_at(state.step), "critic")
        return update(critic, state.generator, real, z, loss_key, condition)[:2]  # lines 5 to 9

    def step(self, state: WGANState, batch: Batch, key: Array) -> tuple[WGANState, Metrics]:
        """Runs lines 2 to 12 of Algorithm 1; lines 11 and 12 are `update_generator`."""
        n_critic, num = core.images(batch, "image").shape[:2]
        condition = core.condition(batch, self.generator, self.critic)
        keys = jax.random.split(key, n_critic + 1)
        critic, critic_metrics = core.repeat_update(
            lambda critic, *given: self.update_critic(critic, state, *given),
            state.critic,
            batch["image"],
            keys[:-1],
            condition,
        )
        # Repeated, not tiled: an example's label must not depend on the number of devices.
        last = tuple(jnp.repeat(label[-1], self.generator_batch) for label in condition)
        generator, generator_metrics = self.update_generator(
            state, critic, num * self.generator_batch, keys[-1], last
        )
        return WGANState(state.step + 1, generator, critic), critic_metrics | generator_metrics

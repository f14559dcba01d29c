"""Wasserstein GAN with gradient penalty."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core, penalties
from gans_jax.core import Batch, Metrics, Player, apply, checks, descend
from gans_jax.methods.generative import Generative
from gans_jax.penalties import GradientPenalty
from gans_jax.priors import Normal
from gans_jax.schedules import Constant


class WGANGPState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32) and the two players."""

    step: Array
    generator: Player
    critic: Player


@dataclasses.dataclass(frozen=True)
class WGANGP(Generative):
    """WGAN with gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028), Algorithm 1.

    Batch: `image` `[n_critic, n, ...]`, uint8 or float in [-1, 1]. Metrics: loss and gradient norm
    of each player, `wasserstein` and `gradient_penalty` at the critic's last update, mean logits.

    The penalty's gradient is finite where the critic's slope is 0. The authors' code makes no
    generator update in iteration 0; here every iteration has one. `generator_batch` multiplies the
    generator's batch: 2 in the paper's residual networks for CIFAR-10, which also have a learning
    rate that decays linearly. A critic with batch norm is an error.
    """

    generator: nn.Module
    critic: nn.Module
    prior: Any = Normal(128)
    penalty: GradientPenalty = GradientPenalty(10.0)
    learning_rate: float = 1e-4
    n_critic: int = 5
    generator_batch: int = 1
    optimizer: Callable[..., optax.GradientTransformation] = functools.partial(
        optax.adam, b1=0.0, b2=0.9
    )
    schedule: Any = Constant()
    batch_axis: ClassVar[int] = 1

    def __post_init__(self) -> None:
        checks.positive(learning_rate=self.learning_rate, n_critic=self.n_critic)
        checks.positive(generator_batch=self.generator_batch)

    def critic_iterations(self, t: int) -> int:
        """How many minibatches iteration t takes."""
        return self.n_critic

    def minibatches_before(self, t: int) -> int:
        """How many minibatches the iterations before t took."""
        return self.n_critic * t

    def init(self, key: Array, batch: Batch) -> WGANGPState:
        """The state before iteration 0; ValueError if the networks do not fit the batch."""
        real, optimizer = core.as_float(batch["image"][0]), self.optimizer(self.learning_rate)
        generator, critic = core.create_pair(
            key, self.prior, real, (self.generator, optimizer), (self.critic, optimizer)
        )
        penalties.refuse_batch_norm(critic.batch_stats)
        return WGANGPState(jnp.zeros((), jnp.int32), generator, critic)

    def critic_loss(
        self, critic: Player, generator: Player, real: Array, z: Array, key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """E f(g(z)) - E f(x) + weight * E (|grad f| - 1)^2."""
        keys = jax.random.split(key, 4)
        fake, _ = apply(self.generator, generator, z, train=True, key=keys[0])
        fake = lax.stop_gradient(fake)
        on_real, stats = apply(self.critic, critic, real, train=True, key=keys[1])
        critic = critic._replace(batch_stats=stats)
        on_fake, stats = apply(self.critic, critic, fake, train=True, key=keys[2])
        on_real, on_fake = core.mean_logit(on_real), core.mean_logit(on_fake)
        penalty = self.penalty(self.critic, critic, real, fake, keys[3])
        metrics = {"wasserstein": on_real - on_fake, "gradient_penalty": penalty}
        metrics |= {"logit_real": on_real, "logit_fake": on_fake}
        return on_fake - on_real + penalty, (stats, metrics)

    def generator_loss(
        self, generator: Player, critic: Player, z: Array, key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-E f(g(z))."""
        keys = jax.random.split(key)
        fake, stats = apply(self.generator, generator, z, train=True, key=keys[0])
        on_fake, _ = apply(self.critic, lax.stop_gradient(critic), fake, train=True, key=keys[1])
        return -core.mean_logit(on_fake), (stats, {})

    def step(self, state: WGANGPState, batch: Batch, key: Array) -> tuple[WGANGPState, Metrics]:
        """Lines 2 to 12 of Algorithm 1."""
        optimizer, factor = self.optimizer(self.learning_rate), self.schedule(state.step)

        def update_critic(critic: Player, real: Array, key: Array) -> tuple[Player, Metrics]:
            real = core.as_float(real)
            z_key, key = jax.random.split(key)
            rest = (state.generator, real, self.prior(z_key, real.shape[0]), key)
            return descend(self.critic_loss, optimizer, critic, *rest, name="critic", factor=factor)

        n_critic, num = batch["image"].shape[:2]
        keys = jax.random.split(key, n_critic + 1)
        critic, metrics = core.repeat_update(update_critic, state.critic, batch["image"], keys[:-1])
        z_key, key = jax.random.split(keys[-1])
        rest = (critic, self.prior(z_key, num * self.generator_batch), key)
        generator, more = descend(
            self.generator_loss, optimizer, state.generator, *rest, name="generator", factor=factor
        )
        return WGANGPState(state.step + 1, generator, critic), metrics | more

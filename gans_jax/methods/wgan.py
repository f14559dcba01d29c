"""Wasserstein GAN."""

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
from gans_jax.priors import Normal


class WGANState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32) and the two players."""

    step: Array
    generator: Player
    critic: Player


rmsprop = functools.partial(optax.rmsprop, decay=0.99, eps_in_sqrt=False)  # PyTorch's


def critic_iterations(t: int, n_critic: int, warmup: bool) -> int:
    """How many critic updates iteration t has; `warmup` is the schedule of WGAN's code."""
    return 100 if warmup and (t < 25 or t % 500 == 0) else n_critic


def critic_iterations_before(t: int, n_critic: int, warmup: bool) -> int:
    """How many critic updates the iterations before t had."""
    long = min(t, 25) + max(0, (t - 1) // 500) if warmup else 0
    return n_critic * t + (100 - n_critic) * long


@dataclasses.dataclass(frozen=True)
class WGAN(Generative):
    """Wasserstein GAN with weight clipping (Arjovsky et al. 2017, arXiv:1701.07875), Algorithm 1.

    Batch: `image` `[n_critic, n, ...]`, uint8 or float in [-1, 1]; `step` scans over as many
    minibatches as it is given. Metrics: loss and gradient norm of each player, `wasserstein` (the
    critic's estimate of K times the distance at its last update), mean logits on real and fake.

    RMSProp is PyTorch's (decay 0.99, epsilon outside the root), as in the authors' code, which
    clips before each critic update instead of after it. `warmup` is that code's schedule: 100
    critic iterations in the first 25 iterations and in every 500th.
    """

    generator: nn.Module
    critic: nn.Module
    prior: Any = Normal()
    learning_rate: float = 5e-5
    clip: float = 0.01
    n_critic: int = 5
    warmup: bool = False
    optimizer: Callable[..., optax.GradientTransformation] = rmsprop
    batch_axis: ClassVar[int] = 1

    def __post_init__(self) -> None:
        checks.positive(learning_rate=self.learning_rate, clip=self.clip, n_critic=self.n_critic)

    def critic_iterations(self, t: int) -> int:
        """How many minibatches iteration t takes."""
        return critic_iterations(t, self.n_critic, self.warmup)

    def minibatches_before(self, t: int) -> int:
        """How many minibatches the iterations before t took."""
        return critic_iterations_before(t, self.n_critic, self.warmup)

    def init(self, key: Array, batch: Batch) -> WGANState:
        """The state before iteration 0; ValueError if the networks do not fit the batch."""
        real, optimizer = core.as_float(batch["image"][0]), self.optimizer(self.learning_rate)
        generator, critic = core.create_pair(
            key, self.prior, real, (self.generator, optimizer), (self.critic, optimizer)
        )
        return WGANState(jnp.zeros((), jnp.int32), generator, critic)

    def critic_loss(
        self, critic: Player, generator: Player, real: Array, z: Array, key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-(E f(x) - E f(g(z))): the critic ascends the distance that it estimates."""
        keys = jax.random.split(key, 3)
        fake, _ = apply(self.generator, generator, z, train=True, key=keys[0])
        fake = lax.stop_gradient(fake)
        on_real, stats = apply(self.critic, critic, real, train=True, key=keys[1])
        critic = critic._replace(batch_stats=stats)
        on_fake, stats = apply(self.critic, critic, fake, train=True, key=keys[2])
        on_real, on_fake = core.mean_logit(on_real), core.mean_logit(on_fake)
        distance = on_real - on_fake
        metrics = {"wasserstein": distance, "logit_real": on_real, "logit_fake": on_fake}
        return -distance, (stats, metrics)

    def generator_loss(
        self, generator: Player, critic: Player, z: Array, key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-E f(g(z))."""
        keys = jax.random.split(key)
        fake, stats = apply(self.generator, generator, z, train=True, key=keys[0])
        on_fake, _ = apply(self.critic, lax.stop_gradient(critic), fake, train=True, key=keys[1])
        return -core.mean_logit(on_fake), (stats, {})

    def update_critic(
        self, critic: Player, generator: Player, real: Array, key: Array
    ) -> tuple[Player, Metrics]:
        """Lines 3 to 7 of Algorithm 1."""
        real = core.as_float(real)  # line 3
        z_key, key = jax.random.split(key)
        z = self.prior(z_key, real.shape[0])  # line 4
        optimizer = self.optimizer(self.learning_rate)
        critic, metrics = descend(  # lines 5 and 6
            self.critic_loss, optimizer, critic, generator, real, z, key, name="critic"
        )
        clipped = penalties.clip_weights(critic.params, self.clip)  # line 7
        return critic._replace(params=clipped), metrics

    def update_generator(
        self, generator: Player, critic: Player, num: int, key: Array
    ) -> tuple[Player, Metrics]:
        """Lines 9 to 11 of Algorithm 1."""
        z_key, key = jax.random.split(key)
        z = self.prior(z_key, num)  # line 9
        optimizer = self.optimizer(self.learning_rate)  # lines 10 and 11 are one descent
        return descend(self.generator_loss, optimizer, generator, critic, z, key, name="generator")

    def step(self, state: WGANState, batch: Batch, key: Array) -> tuple[WGANState, Metrics]:
        """Lines 2 to 11 of Algorithm 1."""
        n_critic, num = batch["image"].shape[:2]
        keys = jax.random.split(key, n_critic + 1)
        critic, metrics = core.repeat_update(
            lambda critic, real, key: self.update_critic(critic, state.generator, real, key),
            state.critic,
            batch["image"],
            keys[:-1],
        )
        generator, more = self.update_generator(state.generator, critic, num, keys[-1])
        return WGANState(state.step + 1, generator, critic), metrics | more

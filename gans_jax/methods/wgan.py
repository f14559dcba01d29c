"""Wasserstein GAN."""

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax
import optax
from jax import Array, lax

from gans_jax import core, penalties
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
from gans_jax.priors import Normal
from gans_jax.schedules import Constant

rmsprop = functools.partial(optax.rmsprop, decay=0.99, eps_in_sqrt=False)  # PyTorch's


def critic_updates_before(t: int, n_critic: int, warmup: bool) -> int:
    """Returns how many critic updates the iterations before t have in WGAN's code.

    With `warmup` the first 25 iterations, and every 500th, have 100 of them.
    """
    long = min(t, 25) + max(0, (t - 1) // 500) if warmup else 0
    return n_critic * t + (100 - n_critic) * long


@dataclasses.dataclass(frozen=True)
class WGAN(Wasserstein):
    """Wasserstein GAN with weight clipping (Arjovsky et al. 2017, arXiv:1701.07875), Algorithm 1.

    RMSProp is PyTorch's (decay 0.99, epsilon outside the root), as in the authors' code. `warmup`
    is that code's schedule: 100 critic iterations in the first 25 iterations and in every 500th.
    Algorithm 1 clips after each critic update. With `clip_first` the weights are clipped before it,
    as in the authors' code, so that the generator meets a critic whose last update is not clipped.

    Attributes:
      generator: the network that makes examples of noise.
      critic: the network that gives each example a number without bounds.
      prior: the distribution of the noise.
      learning_rate: of the optimizer, before the schedule's factor.
      clip: the bound of a critic's weight.
      clip_first: whether the weights are clipped before an update and not after it.
      n_critic: critic updates in an iteration.
      warmup: whether the first 25 iterations and every 500th have 100 critic updates.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Batch: `image` `[n_critic, n, ...]`, uint8 or float in [-1, 1]; `step` scans over as many
    minibatches as it is given.

    Metrics: loss and gradient norm of each player, `wasserstein` (the critic's estimate of K times
    the distance at its last update), mean logits on real and fake.

    >>> from gans_jax.networks import MLPDiscriminator, MLPGenerator
    >>> method = WGAN(MLPGenerator((2,), (8,), output="linear"), MLPDiscriminator((8,)))
    >>> batch = {"image": jnp.zeros((5, 4, 2))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> max(float(jnp.abs(w).max()) for w in jax.tree.leaves(state.critic.params)) <= 0.01
    True
    """

    generator: nn.Module
    critic: nn.Module
    prior: Any = Normal()
    learning_rate: float = 5e-5
    clip: float = 0.01
    clip_first: bool = dataclasses.field(default=False, metadata={"later": True})
    n_critic: int = 5
    warmup: bool = False
    optimizer: core.OptimizerFactory = rmsprop
    schedule: Any = dataclasses.field(default=Constant(), metadata={"later": True})

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate, clip=self.clip, n_critic=self.n_critic)

    def minibatches(self, t: int) -> range:
        """Returns the minibatches of iteration t, one for each critic update."""
        first, end = (critic_updates_before(i, self.n_critic, self.warmup) for i in (t, t + 1))
        return range(first, end)

    def critic_loss(
        self,
        critic: Player,
        generator: Player,
        real: Array,
        z: Array,
        key: Array,
        condition: Condition = (),
    ) -> Loss:
        """Returns -(E f(x) - E f(g(z))): the critic ascends the distance that it estimates."""
        generator_key, critic_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key, condition)
        f = Passes(self.critic, critic, critic_key, condition)
        fake = lax.stop_gradient(g(z))
        (logits_real, class_real), (logits_fake, class_fake) = judged(f(real)), judged(f(fake))
        on_real, on_fake = mean_logit(logits_real), mean_logit(logits_fake)
        distance = on_real - on_fake
        metrics = {"wasserstein": distance, "logit_real": on_real, "logit_fake": on_fake}
        return class_real + class_fake - distance, Aux(f.batch_stats, metrics)

    def update_critic(
        self, critic: Player, state: WGANState, real: Array, key: Array, condition: Condition = ()
    ) -> tuple[Player, Metrics]:
        """Runs lines 3 to 7 of Algorithm 1; with `clip_first`, line 7 comes first."""
        z_key, loss_key = jax.random.split(key)
        if self.clip_first:
            critic = self._clipped(critic)
        real = core.as_float(real)  # line 3
        z = self.prior(z_key, real.shape[0])  # line 4
        update = descend(self.critic_loss, self.optimizer_at(state.step), "critic")
        given = real, z, loss_key, condition
        critic, metrics, _ = update(critic, state.generator, *given)  # lines 5 and 6
        if not self.clip_first:
            critic = self._clipped(critic)  # line 7
        return critic, metrics

    def _clipped(self, critic: Player) -> Player:
        return critic._replace(params=penalties.clip_weights(critic.params, self.clip))

    def step(self, state: WGANState, batch: Batch, key: Array) -> tuple[WGANState, Metrics]:
        """Runs lines 2 to 11 of Algorithm 1; lines 9 to 11 are `update_generator`."""
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
        last = tuple(label[-1] for label in condition)
        generator, generator_metrics = self.update_generator(state, critic, num, keys[-1], last)
        return WGANState(state.step + 1, generator, critic), critic_metrics | generator_metrics

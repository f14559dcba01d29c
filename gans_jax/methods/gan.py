"""Generative adversarial nets."""

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
from gans_jax.losses import AdversarialLoss, Minimax, NonSaturating
from gans_jax.methods.generative import Generative
from gans_jax.priors import Normal
from gans_jax.schedules import Constant


class GANState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32) and the two players."""

    step: Array
    generator: Player
    discriminator: Player


@dataclasses.dataclass(frozen=True)
class GAN(Generative):
    """Generative adversarial nets (Goodfellow et al. 2014, arXiv:1406.2661), Algorithm 1.

    An iteration is k discriminator updates, each on fresh data and noise, and one generator update.
    The paper's experiments used momentum; the default here is DCGAN's Adam (Radford et al. 2016).
    Another loss makes it LSGAN (`LeastSquares`) or the hinge GAN (`Hinge`); a `penalty` is added to
    the discriminator's loss; a `discriminator_learning_rate` of its own is the two-time-scale
    update rule (Heusel et al. 2017).

    Batch: `image` `[k, n, ...]`, uint8 or float in [-1, 1]. Metrics: loss and gradient norm of each
    player, the discriminator's mean logits on real and on fake examples, and for the losses of the
    paper `js_estimate`, log 2 minus half the two cross entropies: the Jensen-Shannon divergence is
    at least its expectation (Arjovsky et al. 2017, arXiv:1701.07875, section 4.2). The
    discriminator sees real and fake examples in two passes; a player's running batch statistics
    change in its own updates only.
    """

    generator: nn.Module
    discriminator: nn.Module
    prior: Any = Normal()
    loss: AdversarialLoss = NonSaturating()
    penalty: Any = None
    k: int = 1
    learning_rate: float = 2e-4
    discriminator_learning_rate: float | None = None
    optimizer: Callable[..., optax.GradientTransformation] = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    batch_axis: ClassVar[int] = 1

    def __post_init__(self) -> None:
        checks.positive(k=self.k, learning_rate=self.learning_rate)
        checks.positive(discriminator_learning_rate=self.discriminator_learning_rate)

    def critic_iterations(self, t: int) -> int:
        """How many minibatches iteration t takes."""
        return self.k

    def minibatches_before(self, t: int) -> int:
        """How many minibatches the iterations before t took."""
        return self.k * t

    def _optimizers(self) -> tuple[optax.GradientTransformation, optax.GradientTransformation]:
        rate = self.discriminator_learning_rate
        return (
            self.optimizer(self.learning_rate),
            self.optimizer(self.learning_rate if rate is None else rate),
        )

    def init(self, key: Array, batch: Batch) -> GANState:
        """The state before iteration 0; ValueError if the networks do not fit the batch."""
        real = core.as_float(batch["image"][0])
        players = zip((self.generator, self.discriminator), self._optimizers(), strict=True)
        generator, discriminator = core.create_pair(key, self.prior, real, *players)
        if self.penalty is not None:
            penalties.refuse_batch_norm(discriminator.batch_stats)
        return GANState(jnp.zeros((), jnp.int32), generator, discriminator)

    def discriminator_loss(
        self,
        discriminator: Player,
        generator: Player,
        real: Array,
        z: Array,
        key: Array,
        step: Array | int = 0,
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-log D(x) - log(1 - D(G(z))) for the losses of the paper, plus the penalty."""
        keys = jax.random.split(key, 4)
        fake, _ = apply(self.generator, generator, z, train=True, key=keys[0])
        fake = lax.stop_gradient(fake)
        on_real, stats = apply(self.discriminator, discriminator, real, train=True, key=keys[1])
        discriminator = discriminator._replace(batch_stats=stats)
        on_fake, stats = apply(self.discriminator, discriminator, fake, train=True, key=keys[2])
        loss = self.loss.discriminator(on_real, on_fake, step)
        metrics = {"logit_real": core.mean_logit(on_real), "logit_fake": core.mean_logit(on_fake)}
        if isinstance(self.loss, Minimax):
            metrics["js_estimate"] = jnp.log(2) - loss / 2
        if self.penalty is not None:
            loss += self.penalty(self.discriminator, discriminator, real, fake, keys[3])
        return loss, (stats, metrics)

    def generator_loss(
        self, generator: Player, discriminator: Player, z: Array, key: Array, step: Array | int = 0
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """log(1 - D(G(z))) for the minimax loss, -log D(G(z)) for the non-saturating one."""
        keys = jax.random.split(key)
        fake, stats = apply(self.generator, generator, z, train=True, key=keys[0])
        discriminator = lax.stop_gradient(discriminator)
        on_fake, _ = apply(self.discriminator, discriminator, fake, train=True, key=keys[1])
        return self.loss.generator(on_fake, step), (stats, {})

    def update_discriminator(
        self, discriminator: Player, state: GANState, real: Array, key: Array
    ) -> tuple[Player, Metrics]:
        """The inner loop's body: fresh noise, fresh examples, one step up the gradient."""
        real = core.as_float(real)
        z_key, key = jax.random.split(key)
        given = state.generator, real, self.prior(z_key, real.shape[0]), key, state.step
        _, optimizer = self._optimizers()
        factor, name = self.schedule(state.step), "discriminator"
        return descend(
            self.discriminator_loss, optimizer, discriminator, *given, name=name, factor=factor
        )

    def update_generator(
        self, state: GANState, discriminator: Player, num: int, key: Array
    ) -> tuple[Player, Metrics]:
        """Fresh noise, and one step down the gradient."""
        z_key, key = jax.random.split(key)
        given = discriminator, self.prior(z_key, num), key, state.step
        optimizer, _ = self._optimizers()
        factor, name = self.schedule(state.step), "generator"
        return descend(
            self.generator_loss, optimizer, state.generator, *given, name=name, factor=factor
        )

    def step(self, state: GANState, batch: Batch, key: Array) -> tuple[GANState, Metrics]:
        """k updates of the discriminator on batch `[k, n, ...]`, then one of the generator."""
        k, num = batch["image"].shape[:2]
        keys = jax.random.split(key, k + 1)
        discriminator, metrics = core.repeat_update(
            lambda player, real, key: self.update_discriminator(player, state, real, key),
            state.discriminator,
            batch["image"],
            keys[:-1],
        )
        generator, more = self.update_generator(state, discriminator, num, keys[-1])
        return GANState(state.step + 1, generator, discriminator), metrics | more

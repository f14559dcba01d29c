"""Generative adversarial nets."""

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from chex import Numeric
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
from gans_jax.losses import AdversarialLoss, Minimax, NonSaturating
from gans_jax.methods.conditional import Conditional
from gans_jax.methods.generative import TwoTimeScales
from gans_jax.methods.states import GANState
from gans_jax.priors import Normal
from gans_jax.schedules import Constant


@dataclasses.dataclass(frozen=True)
class GAN(Conditional, TwoTimeScales):
    """Generative adversarial nets (Goodfellow et al. 2014, arXiv:1406.2661), Algorithm 1.

    An iteration is k discriminator updates, each on fresh data and noise, and one generator update.
    The paper's experiments used momentum; the default here is DCGAN's Adam (Radford et al. 2016).
    Another loss makes it LSGAN (`LeastSquares`) or the hinge GAN (`Hinge`); a `penalty` is added to
    the discriminator's loss; a `discriminator_learning_rate` of its own is the two-time-scale
    update rule (Heusel et al. 2017). The discriminator sees real and fake examples in two passes; a
    player's running batch statistics change in its own updates only.

    If both networks take labels, it is the conditional GAN (Mirza & Osindero 2014,
    arXiv:1411.1784): G(z, y) and D(x, y). The discriminator's fakes have the labels of its real
    examples, the generator's examples have the labels of the last minibatch.

    Attributes:
      generator: the network that makes examples of noise.
      discriminator: the network that returns logits, one an example or one a patch.
      prior: the distribution of the noise.
      loss: the adversarial loss; on the command line `--method.loss NAME`.
      penalty: what is added to the discriminator's loss, such as a gradient penalty.
      k: discriminator updates in an iteration.
      learning_rate: of the optimizer, before the schedule's factor.
      discriminator_learning_rate: the discriminator's own; None for the same.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Batch: `image` `[k, n, ...]`, uint8 or float in [-1, 1]; `label` `[k, n]` for networks that
    take it.

    Metrics: loss and gradient norm of each player, the discriminator's mean logits on real and on
    fake examples, and for the losses of the paper `js_estimate`, log 2 minus half the two cross
    entropies: the Jensen-Shannon divergence is at least its expectation (Arjovsky et al. 2017,
    arXiv:1701.07875, section 4.2).

    >>> from gans_jax.networks import MLPDiscriminator, MLPGenerator
    >>> method = GAN(MLPGenerator((2,), (8,), output="linear"), MLPDiscriminator((8,)))
    >>> batch = {"image": jnp.zeros((1, 4, 2))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> method.sample(state, jax.random.key(2), 3).shape
    (3, 2)
    """

    generator: nn.Module
    discriminator: nn.Module
    prior: Any = Normal()
    loss: AdversarialLoss = NonSaturating()
    penalty: Any = None
    k: int = 1
    learning_rate: float = 2e-4
    discriminator_learning_rate: float | None = None
    optimizer: core.OptimizerFactory = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    batch_axis = 1

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(k=self.k, learning_rate=self.learning_rate)
        checks.positive(discriminator_learning_rate=self.discriminator_learning_rate)

    @property
    def needs_real(self) -> bool:
        """Whether the generator's loss is given real examples, too."""
        return self.loss.needs_real

    def minibatches(self, t: int) -> range:
        """Returns the k minibatches of iteration t."""
        return range(self.k * t, self.k * (t + 1))

    def init(self, key: Array, batch: Batch) -> GANState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the networks do not fit the batch.
        """
        players = self.create_players(key, batch, self.discriminator, *self.optimizers(0))
        return GANState(jnp.zeros((), jnp.int32), *players)

    def discriminator_loss(
        self,
        discriminator: Player,
        generator: Player,
        real: Array,
        z: Array,
        key: Array,
        step: Numeric = 0,
        condition: Condition = (),
    ) -> Loss:
        """Returns -log D(x) - log(1 - D(G(z))) for the paper's losses, plus the penalty.

        An auxiliary classifier's cross entropies, of real and of fake examples, are added.
        """
        generator_key, discriminator_key, penalty_key = jax.random.split(key, 3)
        g = Passes(self.generator, generator, generator_key, condition)
        d = Passes(self.discriminator, discriminator, discriminator_key, condition)
        fake = lax.stop_gradient(g(z))
        (on_real, class_real), (on_fake, class_fake) = judged(d(real)), judged(d(fake))
        loss = self.loss.discriminator(on_real, on_fake, step)
        metrics = {"logit_real": mean_logit(on_real), "logit_fake": mean_logit(on_fake)}
        if isinstance(self.loss, Minimax):
            metrics["js_estimate"] = jnp.log(2) - loss / 2
        if self.penalty is not None:
            given = real, fake, penalty_key, *condition
            loss += self.penalty(self.discriminator, d.player, *given)
        return loss + class_real + class_fake, Aux(d.batch_stats, metrics)

    def generator_loss(
        self,
        generator: Player,
        discriminator: Player,
        z: Array,
        key: Array,
        step: Numeric = 0,
        condition: Condition = (),
        real: Array | None = None,
    ) -> Loss:
        """Returns log(1 - D(G(z))) for the minimax loss, -log D(G(z)) for the non-saturating.

        An auxiliary classifier's cross entropy is added. `real` are as many real examples, which
        only a loss with `needs_real` is shown.
        """
        generator_key, discriminator_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key, condition)
        against = lax.stop_gradient(discriminator)
        d = Passes(self.discriminator, against, discriminator_key, condition)
        on_fake, class_fake = judged(d(g(z)))
        on_real = judged(d(real))[0] if self.loss.needs_real else None
        loss = self.loss.generator(on_fake, step, on_real)
        return loss + class_fake, Aux(g.batch_stats, {})

    def update_discriminator(
        self,
        discriminator: Player,
        state: GANState,
        real: Array,
        key: Array,
        condition: Condition = (),
    ) -> tuple[Player, Metrics]:
        """Draws fresh noise, and takes one step up the discriminator's objective."""
        z_key, loss_key = jax.random.split(key)
        real = core.as_float(real)
        z = self.prior(z_key, real.shape[0])
        _, optimizer = self.optimizers(state.step)
        update = descend(self.discriminator_loss, optimizer, "discriminator")
        given = real, z, loss_key, state.step, condition
        return update(discriminator, state.generator, *given)[:2]

    def update_generator(
        self,
        state: GANState,
        discriminator: Player,
        num: int,
        key: Array,
        condition: Condition = (),
        real: Array | None = None,
    ) -> tuple[Player, Metrics]:
        """Draws fresh noise, and takes one step down the generator's loss."""
        z_key, loss_key = jax.random.split(key)
        z = self.prior(z_key, num)
        optimizer, _ = self.optimizers(state.step)
        update = descend(self.generator_loss, optimizer, "generator")
        given = z, loss_key, state.step, condition, real
        return update(state.generator, discriminator, *given)[:2]

    def step(self, state: GANState, batch: Batch, key: Array) -> tuple[GANState, Metrics]:
        """Updates the discriminator on each of k minibatches, then the generator once."""
        k, num = core.images(batch, "image").shape[:2]
        condition = core.condition(batch, self.generator, self.discriminator)
        keys = jax.random.split(key, k + 1)
        discriminator, discriminator_metrics = core.repeat_update(
            lambda player, *given: self.update_discriminator(player, state, *given),
            state.discriminator,
            batch["image"],
            keys[:-1],
            condition,
        )
        last = tuple(label[-1] for label in condition)
        real = core.as_float(batch["image"][-1]) if self.needs_real else None
        generator, generator_metrics = self.update_generator(
            state, discriminator, num, keys[-1], last, real
        )
        state = GANState(state.step + 1, generator, discriminator)
        return state, discriminator_metrics | generator_metrics

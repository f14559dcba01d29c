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

from gans_jax import core, penalties
from gans_jax.core import Aux, Batch, Loss, Metrics, Passes, Player, checks, descend, mean_logit
from gans_jax.losses import AdversarialLoss, Minimax, NonSaturating
from gans_jax.methods.generative import TwoTimeScales
from gans_jax.methods.states import GANState
from gans_jax.priors import Normal
from gans_jax.schedules import Constant


@dataclasses.dataclass(frozen=True)
class GAN(TwoTimeScales):
    """Generative adversarial nets (Goodfellow et al. 2014, arXiv:1406.2661), Algorithm 1.

    An iteration is k discriminator updates, each on fresh data and noise, and one generator update.
    The paper's experiments used momentum; the default here is DCGAN's Adam (Radford et al. 2016).
    Another loss makes it LSGAN (`LeastSquares`) or the hinge GAN (`Hinge`); a `penalty` is added to
    the discriminator's loss; a `discriminator_learning_rate` of its own is the two-time-scale
    update rule (Heusel et al. 2017). The discriminator sees real and fake examples in two passes; a
    player's running batch statistics change in its own updates only.

    Batch: `image` `[k, n, ...]`, uint8 or float in [-1, 1].

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
        checks.positive(k=self.k, learning_rate=self.learning_rate)
        checks.positive(discriminator_learning_rate=self.discriminator_learning_rate)

    def minibatches(self, t: int) -> range:
        """Returns the k minibatches of iteration t."""
        return range(self.k * t, self.k * (t + 1))

    def init(self, key: Array, batch: Batch) -> GANState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the networks do not fit the batch.
        """
        real = core.as_float(batch["image"][0])
        networks = self.generator, self.discriminator
        generator, discriminator = core.create_pair(
            key, self.prior, real, *networks, *self.optimizers(0)
        )
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
        step: Numeric = 0,
    ) -> Loss:
        """Returns -log D(x) - log(1 - D(G(z))) for the paper's losses, plus the penalty."""
        generator_key, discriminator_key, penalty_key = jax.random.split(key, 3)
        g = Passes(self.generator, generator, generator_key)
        d = Passes(self.discriminator, discriminator, discriminator_key)
        fake = lax.stop_gradient(g(z))
        on_real, on_fake = d(real), d(fake)
        loss = self.loss.discriminator(on_real, on_fake, step)
        metrics = {"logit_real": mean_logit(on_real), "logit_fake": mean_logit(on_fake)}
        if isinstance(self.loss, Minimax):
            metrics["js_estimate"] = jnp.log(2) - loss / 2
        if self.penalty is not None:
            loss += self.penalty(self.discriminator, d.player, real, fake, penalty_key)
        return loss, Aux(d.batch_stats, metrics)

    def generator_loss(
        self, generator: Player, discriminator: Player, z: Array, key: Array, step: Numeric = 0
    ) -> Loss:
        """Returns log(1 - D(G(z))) for the minimax loss, -log D(G(z)) for the non-saturating."""
        generator_key, discriminator_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key)
        d = Passes(self.discriminator, lax.stop_gradient(discriminator), discriminator_key)
        return self.loss.generator(d(g(z)), step), Aux(g.batch_stats, {})

    def update_discriminator(
        self, discriminator: Player, state: GANState, real: Array, key: Array
    ) -> tuple[Player, Metrics]:
        """Draws fresh noise, and takes one step up the discriminator's objective."""
        z_key, loss_key = jax.random.split(key)
        real = core.as_float(real)
        z = self.prior(z_key, real.shape[0])
        _, optimizer = self.optimizers(state.step)
        update = descend(self.discriminator_loss, optimizer, "discriminator")
        return update(discriminator, state.generator, real, z, loss_key, state.step)[:2]

    def update_generator(
        self, state: GANState, discriminator: Player, num: int, key: Array
    ) -> tuple[Player, Metrics]:
        """Draws fresh noise, and takes one step down the generator's loss."""
        z_key, loss_key = jax.random.split(key)
        z = self.prior(z_key, num)
        optimizer, _ = self.optimizers(state.step)
        update = descend(self.generator_loss, optimizer, "generator")
        return update(state.generator, discriminator, z, loss_key, state.step)[:2]

    def step(self, state: GANState, batch: Batch, key: Array) -> tuple[GANState, Metrics]:
        """Updates the discriminator on each of k minibatches, then the generator once."""
        k, num = batch["image"].shape[:2]
        keys = jax.random.split(key, k + 1)
        discriminator, discriminator_metrics = core.repeat_update(
            lambda player, real, key: self.update_discriminator(player, state, real, key),
            state.discriminator,
            batch["image"],
            keys[:-1],
        )
        generator, generator_metrics = self.update_generator(state, discriminator, num, keys[-1])
        state = GANState(state.step + 1, generator, discriminator)
        return state, discriminator_metrics | generator_metrics

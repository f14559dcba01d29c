"""Bidirectional GAN, also known as adversarially learned inference."""

import dataclasses
import functools
from typing import Any, NamedTuple, cast

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Aux, Batch, Loss, Metrics, Passes, Player, checks, descend, mean_logit
from gans_jax.losses import AdversarialLoss, NonSaturating
from gans_jax.methods.generative import Generative
from gans_jax.methods.two_domains import check_directions
from gans_jax.schedules import Constant


class BiGANState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32) and the two players."""

    step: Array
    translator: Player
    discriminator: Player


@dataclasses.dataclass(frozen=True)
class BiGAN(Generative):
    """BiGAN (Donahue et al. 2017, arXiv:1605.09782), ALI (Dumoulin et al. 2017, arXiv:1606.00704).

    An encoder `a_to_b` and a generator `b_to_a`, the two methods of `translator`, learn to make
    pairs (x, E(x)) and (G(z), z) that `discriminator(x, z)` cannot tell apart. An iteration updates
    both players at once, each against the other's old weights, as ALI's code does. With an encoder
    in a `networks.GaussianEncoder` the codes are draws from E(x), which makes it ALI; both losses
    see the same draws. `networks` has both papers' encoders, generators and discriminators.

    With a `prior` the batch is `image` `[n, ...]` and z is noise. Without one it is `a` and `b`,
    images of two domains of one size, and the discriminator judges them on top of each other,
    `[n, h, w, 2 c]`: the baseline of this name in CycleGAN's paper, whose code has least squares
    and a history of 50 pairs of either kind, which this method leaves out. A player's running batch
    statistics change in its own update only.

    Attributes:
      translator: the encoder `a_to_b` and the generator `b_to_a`.
      discriminator: the network that returns the logits of pairs.
      prior: the distribution of z; None for images of two domains.
      loss: the adversarial loss; on the command line `--method.loss NAME`.
      learning_rate: of the optimizer, before the schedule's factor.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Metrics: loss and gradient norm of each player, mean logits on (x, E(x)), `logit_real`, and on
    (G(z), z), `logit_fake`.

    >>> from gans_jax.networks import MLPDiscriminator, MLPGenerator, TwoGenerators
    >>> encoder, generator = MLPGenerator((6,), (8,)), MLPGenerator((6,), (8,))
    >>> method = BiGAN(TwoGenerators(encoder, generator), MLPDiscriminator((8,)))
    >>> batch = {"a": jnp.zeros((4, 6)), "b": jnp.zeros((4, 6))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> method.translate(state, batch["a"], "a_to_b").shape
    (4, 6)
    """

    translator: nn.Module
    discriminator: nn.Module
    prior: Any = None
    loss: AdversarialLoss = NonSaturating()
    learning_rate: float = 2e-4
    optimizer: core.OptimizerFactory = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    directions = ("a_to_b", "b_to_a")
    sampled = ("translator",)

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate)

    def pair(self, batch: Batch, key: Array) -> tuple[Array, Array]:
        """Returns x and z, `[n, ...]` both, which do not belong to each other."""
        if self.prior is None:
            return core.images(batch, "a"), core.images(batch, "b")
        x = core.images(batch, "image")
        return x, self.prior(key, x.shape[0])

    def shown(self, x: Array, z: Array) -> tuple[Array, ...]:
        """Returns the discriminator's inputs for a pair."""
        return (jnp.concatenate((x, z), -1),) if self.prior is None else (x, z)

    def init(self, key: Array, batch: Batch) -> BiGANState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the translator does not fit the batch.
        """
        translator_key, discriminator_key, z_key = jax.random.split(key, 3)
        optimizer = self.optimizer(self.learning_rate)
        x, z = self.pair(batch, z_key)
        translator = core.create(self.translator, optimizer, translator_key, x[:1], z[:1])
        check_directions(self.translator, translator, x, z)
        shown = self.shown(x[:1], z[:1])
        discriminator = core.create(self.discriminator, optimizer, discriminator_key, *shown)
        return BiGANState(jnp.zeros((), jnp.int32), translator, discriminator)

    def discriminator_loss(
        self,
        discriminator: Player,
        translator: Player,
        x: Array,
        z: Array,
        key: Array,
        step: chex.Numeric = 0,
    ) -> Loss:
        """Returns -log D(x, E(x)) - log(1 - D(G(z), z))."""
        translator_key, discriminator_key = jax.random.split(key)
        t = Passes(self.translator, lax.stop_gradient(translator), translator_key)
        d = Passes(self.discriminator, discriminator, discriminator_key)
        code, made = t(x, method="a_to_b"), t(z, method="b_to_a")
        on_real, on_fake = d(*self.shown(x, code)), d(*self.shown(made, z))
        metrics = {"logit_real": mean_logit(on_real), "logit_fake": mean_logit(on_fake)}
        return self.loss.discriminator(on_real, on_fake, step), Aux(d.batch_stats, metrics)

    def translator_loss(
        self,
        translator: Player,
        discriminator: Player,
        x: Array,
        z: Array,
        key: Array,
        step: chex.Numeric = 0,
    ) -> Loss:
        """Returns the discriminator's loss with exchanged pairs, which does not saturate."""
        translator_key, discriminator_key = jax.random.split(key)
        t = Passes(self.translator, translator, translator_key)
        d = Passes(self.discriminator, lax.stop_gradient(discriminator), discriminator_key)
        code, made = t(x, method="a_to_b"), t(z, method="b_to_a")
        on_real, on_fake = d(*self.shown(x, code)), d(*self.shown(made, z))
        return self.loss.discriminator(on_fake, on_real, step), Aux(t.batch_stats, {})

    def step(self, state: BiGANState, batch: Batch, key: Array) -> tuple[BiGANState, Metrics]:
        """Updates both players on the same pairs, each against the other's old weights."""
        z_key, loss_key = jax.random.split(key)
        step, translator, discriminator = state
        optimizer = self.optimizer(self.learning_rate * self.schedule(step))
        x, z = self.pair(batch, z_key)
        update = descend(self.discriminator_loss, optimizer, "discriminator")
        new_discriminator, discriminator_metrics, _ = update(
            discriminator, translator, x, z, loss_key, step
        )
        update = descend(self.translator_loss, optimizer, "translator")
        same_key = jax.random.clone(loss_key)  # both losses have the same dropout
        new_translator, translator_metrics, _ = update(
            translator, discriminator, x, z, same_key, step
        )
        state = BiGANState(step + 1, new_translator, new_discriminator)
        return state, discriminator_metrics | translator_metrics

    def generate(self, state: BiGANState, z: Array) -> Array:
        """Returns G(z), `[n, size] -> [n, ...]`, with the running statistics."""
        return self.translate(state, z, "b_to_a")

    def translate(
        self,
        state: BiGANState,
        images: Array,
        direction: core.Direction = "a_to_b",
        key: Array | None = None,
        deterministic: bool = False,
    ) -> Array:
        """Returns E(x) or G(z), `[n, ...]`, with running statistics and no dropout.

        With a key, the codes of a stochastic encoder are draws; without one, they are its means.
        """
        key = None if deterministic else key
        checks.one_of(("a_to_b", "b_to_a"), direction=direction)
        x = core.as_float(images)
        made, _ = core.apply(self.translator, state.translator, x, key=key, method=direction)
        return cast(Array, made)

"""pix2pix."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Batch, Metrics, Player, apply, checks, descend
from gans_jax.losses import AdversarialLoss, NonSaturating
from gans_jax.schedules import Constant


class Pix2PixState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32) and the two players."""

    step: Array
    generator: Player
    discriminator: Player


@dataclasses.dataclass(frozen=True)
class Pix2Pix:
    """pix2pix (Isola et al. 2017, arXiv:1611.07004): images b from images a, learned from pairs.

    An iteration is one update of the discriminator, then one of the generator (section 3.3), both
    on the same translations: the noise z is dropout. The discriminator's objective is halved. The
    losses of the paper's table 1 are settings: L1 is `adversarial=False`, cGAN is `weight=0`, GAN
    is that with `conditional=False`, L1+GAN and L1+cGAN have both terms.

    Batch: pairs `a` and `b`, `[n, h, w, c]`, uint8 or float in [-1, 1]. Metrics: loss and gradient
    norm of each player, mean logits on real and on fake, the generator's terms `adversarial` and
    `l1` (or `l2`). The discriminator sees real and fake pairs in two passes; a player's running
    batch statistics change in its own update only.

    The paper translates with dropout and with the statistics of the test batch. `test_dropout` and
    `test_batch_statistics` turn these off; neither stores anything.
    """

    generator: nn.Module
    discriminator: nn.Module
    loss: AdversarialLoss = NonSaturating()
    weight: float = 100.0
    distance: Literal["l1", "l2"] = "l1"
    conditional: bool = True
    adversarial: bool = True
    learning_rate: float = 2e-4
    optimizer: Callable[..., optax.GradientTransformation] = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    test_dropout: bool = True
    test_batch_statistics: bool = True
    batch_axis: ClassVar[int] = 0
    # The generator's loss is on the discriminator after its update, which takes the whole batch.
    couples_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checks.positive(learning_rate=self.learning_rate)
        checks.one_of(distance=self.distance, options=("l1", "l2"))

    def init(self, key: Array, batch: Batch) -> Pix2PixState:
        """The state before iteration 0; ValueError if the generator does not fit the batch."""
        a, b = core.as_float(batch["a"]), core.as_float(batch["b"])
        optimizer = self.optimizer(self.learning_rate)
        keys = jax.random.split(key)
        generator = core.create(self.generator, optimizer, keys[0], a[:1])
        fake = jax.eval_shape(lambda player: apply(self.generator, player, a)[0], generator)
        core.refuse_other_shape(fake, b)
        seen = self._shown(a[:1], b[:1])
        discriminator = core.create(self.discriminator, optimizer, keys[1], seen)
        return Pix2PixState(jnp.zeros((), jnp.int32), generator, discriminator)

    def _shown(self, a: Array, b: Array) -> Array:
        """What the discriminator judges: the pair, or the image alone."""
        return jnp.concatenate((a, b), -1) if self.conditional else b

    def discriminator_loss(
        self,
        discriminator: Player,
        a: Array,
        b: Array,
        fake: Array,
        key: Array,
        step: Array | int = 0,
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """Half of -log D(a, b) - log(1 - D(a, G(a)))."""
        keys = jax.random.split(key)
        real, fake = self._shown(a, b), self._shown(a, lax.stop_gradient(fake))
        on_real, stats = apply(self.discriminator, discriminator, real, train=True, key=keys[0])
        discriminator = discriminator._replace(batch_stats=stats)
        on_fake, stats = apply(self.discriminator, discriminator, fake, train=True, key=keys[1])
        metrics = {"logit_real": core.mean_logit(on_real), "logit_fake": core.mean_logit(on_fake)}
        return self.loss.discriminator(on_real, on_fake, step) / 2, (stats, metrics)

    def generator_loss(
        self,
        fake: Array,
        discriminator: Player,
        a: Array,
        b: Array,
        key: Array,
        step: Array | int = 0,
    ) -> tuple[Array, Metrics]:
        """-log D(a, G(a)) + weight * |b - G(a)|, of the translations G(a)."""
        error = jnp.abs(b - fake) if self.distance == "l1" else (b - fake) ** 2
        metrics = {self.distance: jnp.mean(error)}
        loss = self.weight * metrics[self.distance]
        if self.adversarial:
            discriminator, shown = lax.stop_gradient(discriminator), self._shown(a, fake)
            on_fake, _ = apply(self.discriminator, discriminator, shown, train=True, key=key)
            metrics["adversarial"] = self.loss.generator(on_fake, step)
            loss += metrics["adversarial"]
        return loss, metrics

    def step(self, state: Pix2PixState, batch: Batch, key: Array) -> tuple[Pix2PixState, Metrics]:
        """One update of the discriminator on batch `[n, ...]`, then one of the generator."""
        a, b, keys = core.as_float(batch["a"]), core.as_float(batch["b"]), jax.random.split(key, 3)
        factor, optimizer = self.schedule(state.step), self.optimizer(self.learning_rate)

        def loss(generator: Player) -> tuple[Array, tuple[Any, Metrics, Player]]:
            # The discriminator's update is in here so that the translations are made only once.
            fake, stats = apply(self.generator, generator, a, train=True, key=keys[0])
            discriminator, metrics = state.discriminator, {}
            if self.adversarial:
                discriminator, metrics = descend(
                    self.discriminator_loss,
                    optimizer,
                    discriminator,
                    *(a, b, lax.stop_gradient(fake), keys[1], state.step),
                    name="discriminator",
                    factor=factor,
                )
            value, more = self.generator_loss(fake, discriminator, a, b, keys[2], state.step)
            return value, (stats, metrics | more, discriminator)

        generator, metrics, discriminator = descend(
            loss, optimizer, state.generator, name="generator", factor=factor
        )
        return Pix2PixState(state.step + 1, generator, discriminator), metrics

    def translate(
        self,
        state: Pix2PixState,
        images: Array,
        direction: Literal["a_to_b"] = "a_to_b",
        key: Array | None = None,
    ) -> Array:
        """Images b from images a, `[n, h, w, c]`; without a key, without dropout.

        Raises:
          ValueError: for the direction `b_to_a`, which pix2pix does not learn.
        """
        if direction != "a_to_b":
            raise ValueError("Pix2Pix learns a_to_b alone: exchange a and b in its batches")
        train, dropout = self.test_batch_statistics, self.test_dropout and key is not None
        given = state.generator, core.as_float(images)
        return apply(self.generator, *given, train=train, dropout=dropout, key=key)[0]

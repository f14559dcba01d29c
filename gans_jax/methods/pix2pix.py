"""pix2pix."""

import dataclasses
import functools
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from chex import ArrayTree, Numeric
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Aux, Batch, Loss, Metrics, Passes, Player, checks, descend, mean_logit
from gans_jax.losses import AdversarialLoss, NonSaturating, l1
from gans_jax.methods.one_way import OneWay
from gans_jax.methods.states import GANState
from gans_jax.networks.noise_channels import NoiseChannels, has_noise_channels
from gans_jax.schedules import Constant


@dataclasses.dataclass(frozen=True)
class Pix2Pix(OneWay):
    """pix2pix (Isola et al. 2017, arXiv:1611.07004): images b from images a, learned from pairs.

    An iteration is one update of the discriminator, then one of the generator (section 3.3), both
    on the same translations. The discriminator's objective is halved. The losses of the paper's
    table 1 are settings: L1 is `adversarial=False`, cGAN is `weight=0`, GAN is that with
    `conditional=False`, L1+GAN and L1+cGAN have both terms.

    The noise z is the dropout of the generator; with `NoiseChannels` around a generator it is
    Gaussian, beside the input. The paper translates with dropout and with the statistics of the
    test batch. `test_dropout` and `test_batch_statistics` turn these off; neither stores anything.
    The discriminator sees real and fake pairs in two passes; a player's running batch statistics
    change in its own update only.

    Attributes:
      generator: the network that translates images a.
      discriminator: the network that returns logits, one an example or one a patch.
      loss: the adversarial loss; on the command line `--method.loss NAME`.
      weight: of the distance from the target image.
      distance: "l1", or "l2" for the mean squared difference.
      conditional: whether the discriminator sees the input beside the output.
      adversarial: whether there is a discriminator; False is L1 alone.
      learning_rate: of the optimizer, before the schedule's factor.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.
      test_dropout: whether translations have dropout.
      test_batch_statistics: whether translations use the batch's statistics, not the running ones.

    Batch: pairs `a` and `b`, `[n, h, w, c]`, uint8 or float in [-1, 1].

    Metrics: loss and gradient norm of each player, mean logits on real and on fake, the generator's
    terms `adversarial` and `l1` (or `l2`).

    >>> from gans_jax.networks import PixelGANDiscriminator, UNetGenerator
    >>> method = Pix2Pix(UNetGenerator(8, features=2), PixelGANDiscriminator(features=2))
    >>> batch = {"a": jnp.zeros((2, 8, 8, 3)), "b": jnp.zeros((2, 8, 8, 3))}
    >>> state = jax.jit(method.init)(jax.random.key(0), batch)
    >>> method.translate(state, batch["a"], key=jax.random.key(1)).shape
    (2, 8, 8, 3)
    """

    generator: nn.Module
    discriminator: nn.Module
    loss: AdversarialLoss = NonSaturating()
    weight: float = 100.0
    distance: Literal["l1", "l2"] = "l1"
    conditional: bool = True
    adversarial: bool = True
    learning_rate: float = 2e-4
    optimizer: core.OptimizerFactory = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    test_dropout: bool = True
    test_batch_statistics: bool = True
    # The generator's loss is on the discriminator after its update, which takes the whole batch.
    couples_examples = True

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate)
        checks.one_of(distance=self.distance, options=("l1", "l2"))

    @property
    def translates_by_batch(self) -> bool:
        return self.test_batch_statistics

    @property
    def translates_with_noise(self) -> bool:
        return self.test_dropout or has_noise_channels(self.generator)

    def init(self, key: Array, batch: Batch) -> GANState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the generator does not fit the batch.
        """
        generator_key, discriminator_key = jax.random.split(key)
        a, b = core.images(batch, "a"), core.images(batch, "b")
        optimizer = self.optimizer(self.learning_rate)
        generator = core.create(self.generator, optimizer, generator_key, a[:1])
        core.check_output(self.generator, generator, a, b)
        shown = self.shown(a[:1], b[:1])
        discriminator = core.create(self.discriminator, optimizer, discriminator_key, shown)
        return GANState(jnp.zeros((), jnp.int32), generator, discriminator)

    def shown(self, a: Array, b: Array) -> Array:
        """Returns what the discriminator judges: the pair, or the image alone."""
        return jnp.concatenate((a, b), -1) if self.conditional else b

    def discriminator_loss(
        self, discriminator: Player, a: Array, b: Array, fake: Array, key: Array, step: Numeric = 0
    ) -> Loss:
        """Returns half of -log D(a, b) - log(1 - D(a, G(a)))."""
        d = Passes(self.discriminator, discriminator, key)
        on_real = d(self.shown(a, b))
        on_fake = d(self.shown(a, lax.stop_gradient(fake)))
        metrics = {"logit_real": mean_logit(on_real), "logit_fake": mean_logit(on_fake)}
        return self.loss.discriminator(on_real, on_fake, step) / 2, Aux(d.batch_stats, metrics)

    def generator_loss(
        self, fake: Array, discriminator: Player, a: Array, b: Array, key: Array, step: Numeric = 0
    ) -> tuple[Array, Metrics]:
        """Returns -log D(a, G(a)) + weight * |b - G(a)|, for the translations G(a)."""
        distance = l1(b, fake) if self.distance == "l1" else jnp.mean((b - fake) ** 2)
        metrics: Metrics = {self.distance: distance}
        if not self.adversarial:
            return self.weight * distance, metrics
        d = Passes(self.discriminator, lax.stop_gradient(discriminator), key)
        metrics["adversarial"] = self.loss.generator(d(self.shown(a, fake)), step)
        return metrics["adversarial"] + self.weight * distance, metrics

    def step(self, state: GANState, batch: Batch, key: Array) -> tuple[GANState, Metrics]:
        """Translates once, then updates the discriminator, then the generator."""
        translation_key, discriminator_key, generator_key = jax.random.split(key, 3)
        step, generator, discriminator = state
        optimizer = self.optimizer(self.learning_rate * self.schedule(step))
        a, b = core.images(batch, "a"), core.images(batch, "b")

        def translate(params: ArrayTree) -> tuple[Array, ArrayTree]:
            g = Passes(self.generator, generator._replace(params=params), translation_key)
            return g(a), g.batch_stats

        fake, pullback, batch_stats = jax.vjp(translate, generator.params, has_aux=True)

        discriminator_metrics: Metrics = {}
        if self.adversarial:
            update = descend(self.discriminator_loss, optimizer, "discriminator")
            discriminator, discriminator_metrics, _ = update(
                discriminator, a, b, fake, discriminator_key, step
            )

        loss = jax.value_and_grad(self.generator_loss, has_aux=True)
        (value, terms), gradient = loss(fake, discriminator, a, b, generator_key, step)
        (gradient,) = pullback(gradient)
        aux = Aux(batch_stats, terms)
        generator, generator_metrics = core.take_step(
            optimizer, generator, gradient, value, aux, "generator"
        )
        state = GANState(step + 1, generator, discriminator)
        return state, discriminator_metrics | generator_metrics

    def translate(
        self,
        state: GANState,
        images: Array,
        direction: core.Direction = "a_to_b",
        key: Array | None = None,
        deterministic: bool = False,
        z: Array | None = None,
    ) -> Array:
        """Returns images b made from images a, `[n, h, w, c]`.

        Args:
          state: the state of the method.
          images: images a.
          direction: `a_to_b`.
          key: of the noise, which is drawn for each image.
          deterministic: translates without dropout, and with z = 0 if z is not given.
          z: the noise `[n, h, w, channels]` of a generator with `NoiseChannels`, instead of a draw.

        Raises:
          ValueError: for the direction `b_to_a`, which pix2pix does not learn, for noise without a
            key, or for a z that the generator does not take.
        """
        self.refuse_back(direction)
        if z is not None and not isinstance(self.generator, NoiseChannels):
            raise ValueError(
                f"{type(self.generator).__name__} takes no noise z: train it in NoiseChannels"
            )
        if self.test_dropout or (self.translates_with_noise and z is None):
            checks.noise_key(key, deterministic)
        x = core.as_float(images)
        made: Array = core.apply(
            self.generator,
            state.generator,
            *((x,) if z is None else (x, z)),
            train=self.test_batch_statistics,
            dropout=self.test_dropout and not deterministic,
            key=None if deterministic else key,
        )[0]
        return made

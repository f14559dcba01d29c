"""Coupled GAN."""

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
from gans_jax.core.networks import Passes
from gans_jax.losses import AdversarialLoss, NonSaturating
from gans_jax.methods.generative import Generative
from gans_jax.priors import Normal
from gans_jax.schedules import Constant


class CoGANState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32) and the two players."""

    step: Array
    generator: Player
    discriminator: Player


@dataclasses.dataclass(frozen=True)
class CoGAN(Generative):
    """Coupled GAN (Liu & Tuzel 2016, arXiv:1606.07536): pairs of images, learned without pairs.

    `generator(z) -> a, b` and `discriminator(a, b) -> logits of a, logits of b` hold two networks
    each, which share their layers of high level. An iteration is one update of the discriminator,
    then one of the generator, from the same noise. `translate` looks for the z whose image in one
    domain is nearest to the given one (section 5), by `search` steps of Adam, and shows its image
    in the other.

    Batch: `a` and `b`, `[n, h, w, c]`, uint8 or float in [-1, 1]. Metrics: loss and gradient norm
    of each player, mean logits on real and on fake images of each domain. A player's running batch
    statistics change in its own update only. `weight_decay` is added to the gradient, as in the
    authors' code.
    """

    generator: nn.Module
    discriminator: nn.Module
    prior: Any = Normal()
    loss: AdversarialLoss = NonSaturating()
    learning_rate: float = 2e-4
    weight_decay: float = 5e-4
    optimizer: Callable[..., optax.GradientTransformation] = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    search: int = 200
    search_learning_rate: float = 0.1
    batch_axis: ClassVar[int] = 0
    directions: ClassVar[tuple[str, ...]] = ("a_to_b", "b_to_a")

    def __post_init__(self) -> None:
        checks.positive(learning_rate=self.learning_rate, search=self.search)

    def _optimizer(self) -> optax.GradientTransformation:
        decay = optax.add_decayed_weights(self.weight_decay)
        return optax.chain(decay, self.optimizer(self.learning_rate))

    def init(self, key: Array, batch: Batch) -> CoGANState:
        """The state before iteration 0; ValueError if the generator does not fit the batch."""
        a, b = core.as_float(batch["a"]), core.as_float(batch["b"])
        keys, optimizer = jax.random.split(key, 3), self._optimizer()
        z = self.prior(keys[2], 1)
        generator = core.create(self.generator, optimizer, keys[0], z)
        made = jax.eval_shape(lambda player: apply(self.generator, player, z)[0], generator)
        for images, real in zip(made, (a, b), strict=True):
            core.refuse_other_shape(images, real)
        discriminator = core.create(self.discriminator, optimizer, keys[1], a[:1], b[:1])
        return CoGANState(jnp.zeros((), jnp.int32), generator, discriminator)

    def discriminator_loss(
        self,
        discriminator: Player,
        generator: Player,
        a: Array,
        b: Array,
        z: Array,
        key: Array,
        step: Array | int = 0,
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-log D(x) - log(1 - D(g(z))), summed over the domains."""
        keys = jax.random.split(key)
        fakes, _ = apply(self.generator, generator, z, train=True, key=keys[0])
        run = Passes(self.discriminator, discriminator, keys[1])
        on_real, on_fake = run(a, b), run(*lax.stop_gradient(fakes))
        loss, metrics = 0.0, {}
        for domain, real, fake in zip("ab", on_real, on_fake, strict=True):
            loss += self.loss.discriminator(real, fake, step)
            metrics[f"logit_real_{domain}"] = core.mean_logit(real)
            metrics[f"logit_fake_{domain}"] = core.mean_logit(fake)
        return loss, (run.player.batch_stats, metrics)

    def generator_loss(
        self, generator: Player, discriminator: Player, z: Array, key: Array, step: Array | int = 0
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-log D(g(z)), summed over the domains."""
        keys = jax.random.split(key)
        fakes, stats = apply(self.generator, generator, z, train=True, key=keys[0])
        discriminator = lax.stop_gradient(discriminator)
        on_fake, _ = apply(self.discriminator, discriminator, *fakes, train=True, key=keys[1])
        return sum(self.loss.generator(logits, step) for logits in on_fake), (stats, {})

    def step(self, state: CoGANState, batch: Batch, key: Array) -> tuple[CoGANState, Metrics]:
        """One update of the discriminator, then one of the generator."""
        a, b = core.as_float(batch["a"]), core.as_float(batch["b"])
        keys, factor = jax.random.split(key, 3), self.schedule(state.step)
        z = self.prior(keys[0], a.shape[0])
        discriminator, metrics = descend(
            self.discriminator_loss,
            self._optimizer(),
            state.discriminator,
            *(state.generator, a, b, z, keys[1], state.step),
            name="discriminator",
            factor=factor,
        )
        generator, more = descend(
            self.generator_loss,
            self._optimizer(),
            state.generator,
            *(discriminator, z, keys[2], state.step),
            name="generator",
            factor=factor,
        )
        return CoGANState(state.step + 1, generator, discriminator), metrics | more

    def pairs(self, state: CoGANState, z: Array) -> tuple[Array, Array]:
        """Images of both domains from noise `[n, size]`, with the running statistics."""
        return apply(self.generator, state.generator, z)[0]

    def generate(self, state: CoGANState, z: Array) -> Array:
        """Pairs side by side, `[n, size] -> [n, h, 2 w, c]`."""
        return jnp.concatenate(self.pairs(state, z), axis=2)

    def translate(
        self,
        state: CoGANState,
        images: Array,
        direction: Literal["a_to_b", "b_to_a"] = "a_to_b",
        key: Array | None = None,
    ) -> Array:
        """Images of the other domain, `[n, h, w, c]`; the key is that of the first z."""
        checks.one_of(("a_to_b", "b_to_a"), direction=direction)
        images, source = core.as_float(images), 0 if direction == "a_to_b" else 1
        z = self.prior(jax.random.key(0) if key is None else key, images.shape[0])
        optimizer = optax.adam(self.search_learning_rate)

        def error(z: Array) -> Array:
            # A sum, so that no image's search depends on how many there are beside it.
            return jnp.sum((self.pairs(state, z)[source] - images) ** 2)

        def improve(carry: tuple, _: None) -> tuple[tuple, None]:
            z, opt_state = carry
            updates, opt_state = optimizer.update(jax.grad(error)(z), opt_state)
            return (optax.apply_updates(z, updates), opt_state), None

        (z, _), _ = lax.scan(improve, (z, optimizer.init(z)), length=self.search)
        return self.pairs(state, z)[1 - source]

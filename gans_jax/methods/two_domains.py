"""What the methods that translate between two domains, in both directions, have in common."""

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
from gans_jax.core import image_history as history
from gans_jax.core.image_history import History
from gans_jax.core.networks import Passes
from gans_jax.losses import AdversarialLoss

Direction = Literal["a_to_b", "b_to_a"]


class TwoDomainsState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32), players and histories."""

    step: Array
    translator: Player
    discriminator_a: Player
    discriminator_b: Player
    history_a: History
    history_b: History


def distance(x: Array, y: Array) -> Array:
    """The mean of |x - y| over all values."""
    return jnp.mean(jnp.abs(x - y))


class TwoDomains:
    """CycleGAN's algorithm for frozen dataclasses with these fields, which add their objective.

    `translator` holds the generators of both directions, as methods `a_to_b(x, train)` and
    `b_to_a(x, train)`, and a `__call__(a, b)` that creates both. The objective is their method
    `translator_loss`, which returns behind its metrics the translations to a and to b.
    """

    adversarial = True
    directions: ClassVar[tuple[Direction, ...]] = ("a_to_b", "b_to_a")
    sampled: ClassVar[tuple[str, ...]] = ("translator",)
    translator: nn.Module
    discriminator: nn.Module
    loss: AdversarialLoss
    history_size: int
    learning_rate: float
    optimizer: Callable[..., optax.GradientTransformation]
    schedule: Any

    def init(self, key: Array, batch: Batch) -> TwoDomainsState:
        """The state before iteration 0; ValueError if the translator does not fit the batch."""
        a, b = core.as_float(batch["a"]), core.as_float(batch["b"])
        optimizer, keys = self.optimizer(self.learning_rate), jax.random.split(key, 3)
        translator = core.create(self.translator, optimizer, keys[0], a[:1], b[:1])
        for direction, source, target in (("a_to_b", a, b), ("b_to_a", b, a)):
            run = functools.partial(apply, self.translator, method=direction)
            core.refuse_other_shape(jax.eval_shape(run, translator, source)[0], target)
        return TwoDomainsState(
            jnp.zeros((), jnp.int32),
            translator,
            core.create(self.discriminator, optimizer, keys[1], a[:1]),
            core.create(self.discriminator, optimizer, keys[2], b[:1]),
            history.create(self.history_size, a),
            history.create(self.history_size, b),
        )

    def discriminator_loss(
        self,
        discriminator: Player,
        real: Array,
        fake: Array,
        key: Array,
        step: Array | int = 0,
        domain: Literal["a", "b"] = "a",
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """Half of (D(x) - 1)^2 + D(fake)^2 for least squares; the domain only names the metrics."""
        run = Passes(self.discriminator, discriminator, key)
        on_real, on_fake = run(real), run(lax.stop_gradient(fake))
        metrics = {
            f"logit_real_{domain}": core.mean_logit(on_real),
            f"logit_fake_{domain}": core.mean_logit(on_fake),
        }
        loss = self.loss.discriminator(on_real, on_fake, step) / 2
        return loss, (run.player.batch_stats, metrics)

    def translator_loss(
        self,
        translator: Player,
        discriminator_a: Player,
        discriminator_b: Player,
        batch: Batch,
        key: Array,
        step: Array | int = 0,
    ) -> tuple[Array, tuple[Any, Metrics, Array, Array]]:
        """What both generators minimise together."""
        raise NotImplementedError

    def fool(self, discriminator: Player, fake: Array, key: Array, step: Array | int) -> Array:
        """The adversarial term of the translator: (D(fake) - 1)^2 for least squares."""
        discriminator = lax.stop_gradient(discriminator)
        on_fake, _ = apply(self.discriminator, discriminator, fake, train=True, key=key)
        return self.loss.generator(on_fake, step)

    def update_discriminators(
        self, state: TwoDomainsState, a: Array, b: Array, fake_a: Array, fake_b: Array, key: Array
    ) -> tuple[TwoDomainsState, Metrics]:
        """One update of each discriminator, on images that the histories give for the fakes."""
        optimizer, factor = self.optimizer(self.learning_rate), self.schedule(state.step)
        update = functools.partial(descend, self.discriminator_loss, optimizer, factor=factor)
        keys = jax.random.split(key, 4)
        history_a, shown_a = history.query(state.history_a, fake_a, keys[0])
        history_b, shown_b = history.query(state.history_b, fake_b, keys[1])
        rest = a, shown_a, keys[2], state.step, "a"
        discriminator_a, metrics = update(state.discriminator_a, *rest, name="discriminator_a")
        rest = b, shown_b, keys[3], state.step, "b"
        discriminator_b, more = update(state.discriminator_b, *rest, name="discriminator_b")
        state = state._replace(discriminator_a=discriminator_a, discriminator_b=discriminator_b)
        return state._replace(history_a=history_a, history_b=history_b), metrics | more

    def step(
        self, state: TwoDomainsState, batch: Batch, key: Array
    ) -> tuple[TwoDomainsState, Metrics]:
        """One update of the translator, then one of each discriminator."""
        keys = jax.random.split(key)
        translator, metrics, *fakes = descend(
            self.translator_loss,
            self.optimizer(self.learning_rate),
            state.translator,
            *(state.discriminator_a, state.discriminator_b, batch, keys[0], state.step),
            name="translator",
            factor=self.schedule(state.step),
        )
        if self.adversarial:
            reals = core.as_float(batch["a"]), core.as_float(batch["b"])
            state, more = self.update_discriminators(state, *reals, *fakes, keys[1])
            metrics |= more
        return state._replace(step=state.step + 1, translator=translator), metrics

    def translate(
        self,
        state: TwoDomainsState,
        images: Array,
        direction: Direction = "a_to_b",
        key: Array | None = None,
    ) -> Array:
        """Images of the other domain, `[n, h, w, c]`, with running statistics and no dropout.

        `key` is for methods that translate with noise; here it changes nothing.
        """
        del key
        checks.one_of(("a_to_b", "b_to_a"), direction=direction)
        return apply(self.translator, state.translator, core.as_float(images), method=direction)[0]

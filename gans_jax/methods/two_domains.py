"""What the methods that translate between two domains, in both directions, have in common."""

from typing import Literal, NamedTuple

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array, lax

from gans_jax import core
from gans_jax.core import (
    Aux,
    Loss,
    Metrics,
    Passes,
    Player,
    checks,
    descend,
    image_history,
    mean_logit,
)
from gans_jax.core.image_history import History
from gans_jax.losses import AdversarialLoss
from gans_jax.networks.noise_channels import has_noise_channels


class TwoDomainsState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32), players and histories."""

    step: Array
    translator: Player
    discriminator_a: Player
    discriminator_b: Player
    history_a: History
    history_b: History


def check_directions(network: nn.Module, translator: Player, a: Array, b: Array) -> None:
    """Raises ValueError unless `a_to_b` and `b_to_a` make what the other domain holds."""
    core.check_output(network, translator, a, b, method="a_to_b")
    core.check_output(network, translator, b, a, method="b_to_a")


class TwoDomains(core.MethodBase):
    """CycleGAN's algorithm for frozen dataclasses with these fields, which add their objective.

    `translator` holds the generators of both directions, as methods `a_to_b(x, train)` and
    `b_to_a(x, train)`, and a `__call__(a, b)` that creates both. The objective is the dataclass's
    method `translator_loss`, whose outputs are the translations to a and to b.
    """

    adversarial: bool = True
    directions = ("a_to_b", "b_to_a")
    sampled = ("translator",)
    translator: nn.Module
    discriminator: nn.Module
    loss: AdversarialLoss
    history_size: int
    learning_rate: float
    optimizer: core.OptimizerFactory

    @property
    def translates_with_noise(self) -> bool:
        return has_noise_channels(self.translator)

    def init(self, key: Array, batch: core.Batch) -> TwoDomainsState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the translator does not fit the batch.
        """
        translator_key, a_key, b_key = jax.random.split(key, 3)
        a, b = core.images(batch, "a"), core.images(batch, "b")
        optimizer = self.optimizer(self.learning_rate)
        translator = core.create(self.translator, optimizer, translator_key, a[:1], b[:1])
        check_directions(self.translator, translator, a, b)
        return TwoDomainsState(
            step=jnp.zeros((), jnp.int32),
            translator=translator,
            discriminator_a=core.create(self.discriminator, optimizer, a_key, a[:1]),
            discriminator_b=core.create(self.discriminator, optimizer, b_key, b[:1]),
            history_a=image_history.create(self.history_size, a),
            history_b=image_history.create(self.history_size, b),
        )

    def translator_loss(
        self,
        translator: Player,
        discriminator_a: Player,
        discriminator_b: Player,
        batch: core.Batch,
        key: Array,
        step: chex.Numeric = 0,
    ) -> Loss:
        """Returns what both generators minimise together."""
        raise NotImplementedError

    def fool(self, discriminator: Player, fake: Array, key: Array, step: chex.Numeric) -> Array:
        """Returns the translator's adversarial term: (D(fake) - 1)^2 for least squares."""
        d = Passes(self.discriminator, lax.stop_gradient(discriminator), key)
        return self.loss.generator(d(fake), step)

    def discriminator_loss(
        self,
        discriminator: Player,
        real: Array,
        fake: Array,
        key: Array,
        step: chex.Numeric = 0,
        domain: Literal["a", "b"] = "a",
    ) -> Loss:
        """Returns half of (D(x) - 1)^2 + D(fake)^2 for least squares.

        The domain only names the metrics.
        """
        d = Passes(self.discriminator, discriminator, key)
        on_real, on_fake = d(real), d(lax.stop_gradient(fake))
        metrics = {
            f"logit_real_{domain}": mean_logit(on_real),
            f"logit_fake_{domain}": mean_logit(on_fake),
        }
        return self.loss.discriminator(on_real, on_fake, step) / 2, Aux(d.batch_stats, metrics)

    def update_translator(
        self, state: TwoDomainsState, batch: core.Batch, key: Array
    ) -> tuple[Player, Metrics, tuple[Array, Array]]:
        """Takes one step of both generators; also returns the translations made before it."""
        optimizer = self.optimizer(self.learning_rate * self.schedule(state.step))
        update = descend(self.translator_loss, optimizer, "translator")
        discriminators = state.discriminator_a, state.discriminator_b
        return update(state.translator, *discriminators, batch, key, state.step)

    def update_discriminators(
        self, state: TwoDomainsState, a: Array, b: Array, fake_a: Array, fake_b: Array, key: Array
    ) -> tuple[TwoDomainsState, Metrics]:
        """Takes one step of each discriminator, on images that the histories give for the fakes."""
        history_a_key, history_b_key, a_key, b_key = jax.random.split(key, 4)
        optimizer = self.optimizer(self.learning_rate * self.schedule(state.step))
        history_a, shown_a = image_history.query(state.history_a, fake_a, history_a_key)
        history_b, shown_b = image_history.query(state.history_b, fake_b, history_b_key)
        update = descend(self.discriminator_loss, optimizer, "discriminator_a")
        discriminator_a, metrics_a, _ = update(
            state.discriminator_a, a, shown_a, a_key, state.step, "a"
        )
        update = descend(self.discriminator_loss, optimizer, "discriminator_b")
        discriminator_b, metrics_b, _ = update(
            state.discriminator_b, b, shown_b, b_key, state.step, "b"
        )
        state = state._replace(
            discriminator_a=discriminator_a,
            discriminator_b=discriminator_b,
            history_a=history_a,
            history_b=history_b,
        )
        return state, metrics_a | metrics_b

    def step(
        self, state: TwoDomainsState, batch: core.Batch, key: Array
    ) -> tuple[TwoDomainsState, Metrics]:
        """Updates the translator, then each discriminator on the old translator's images."""
        translator_key, discriminator_key = jax.random.split(key)
        translator, metrics, (fake_a, fake_b) = self.update_translator(state, batch, translator_key)
        if self.adversarial:
            a, b = core.images(batch, "a"), core.images(batch, "b")
            state, discriminator_metrics = self.update_discriminators(
                state, a, b, fake_a, fake_b, discriminator_key
            )
            metrics = metrics | discriminator_metrics
        return state._replace(step=state.step + 1, translator=translator), metrics

    def translate(
        self,
        state: TwoDomainsState,
        images: Array,
        direction: core.Direction = "a_to_b",
        key: Array | None = None,
        deterministic: bool = False,
    ) -> Array:
        """Returns images of the other domain, `[n, h, w, c]`, with running statistics.

        The key draws the noise of generators with `NoiseChannels`, and is not used by others.

        Raises:
          ValueError: for another direction, or for noise without a key.
        """
        checks.one_of(("a_to_b", "b_to_a"), direction=direction)
        x = core.as_float(images)
        if deterministic or not self.translates_with_noise:
            return core.infer(self.translator, state.translator, x, method=direction)
        checks.noise_key(key, deterministic)
        made: Array = core.apply(
            self.translator, state.translator, x, key=key, dropout=False, method=direction
        )[0]
        return made

"""Bidirectional GAN, also known as adversarially learned inference."""

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
    both players at once, each against the other's old weights, as ALI does, whose codes however are
    draws from E(x); here they are E(x), as in BiGAN.

    With a `prior` the batch is `image` `[n, ...]` and z is noise. Without one it is `a` and `b`,
    images of two domains of one size, and the discriminator judges them on top of each other,
    `[n, h, w, 2 c]`: the baseline of this name in CycleGAN's paper, whose code has least squares
    and a history of 50 pairs of either kind; there is none here. Metrics: loss and gradient norm of
    each player, mean logits on (x, E(x)), `logit_real`, and on (G(z), z), `logit_fake`. A player's
    running batch statistics change in its own update only.
    """

    translator: nn.Module
    discriminator: nn.Module
    prior: Any = None
    loss: AdversarialLoss = NonSaturating()
    learning_rate: float = 2e-4
    optimizer: Callable[..., optax.GradientTransformation] = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    batch_axis: ClassVar[int] = 0
    directions: ClassVar[tuple[str, ...]] = ("a_to_b", "b_to_a")
    sampled: ClassVar[tuple[str, ...]] = ("translator",)

    def __post_init__(self) -> None:
        checks.positive(learning_rate=self.learning_rate)

    def _pair(self, batch: Batch, key: Array) -> tuple[Array, Array]:
        """x and z, `[n, ...]` both, neither of which belongs to the other."""
        if self.prior is None:
            return core.as_float(batch["a"]), core.as_float(batch["b"])
        return core.as_float(batch["image"]), self.prior(key, batch["image"].shape[0])

    def _shown(self, x: Array, z: Array) -> tuple[Array, ...]:
        return (jnp.concatenate((x, z), -1),) if self.prior is None else (x, z)

    def init(self, key: Array, batch: Batch) -> BiGANState:
        """The state before iteration 0; ValueError if the translator does not fit the batch."""
        keys, optimizer = jax.random.split(key, 3), self.optimizer(self.learning_rate)
        x, z = self._pair(batch, keys[2])
        translator = core.create(self.translator, optimizer, keys[0], x[:1], z[:1])
        for direction, source, target in (("a_to_b", x, z), ("b_to_a", z, x)):
            run = functools.partial(apply, self.translator, method=direction)
            core.refuse_other_shape(jax.eval_shape(run, translator, source)[0], target)
        seen = self._shown(x[:1], z[:1])
        discriminator = core.create(self.discriminator, optimizer, keys[1], *seen)
        return BiGANState(jnp.zeros((), jnp.int32), translator, discriminator)

    def _logits(
        self, translator: Player, discriminator: Player, x: Array, z: Array, key: Array
    ) -> tuple[Array, Array, Any, Any]:
        """On (x, E(x)) and on (G(z), z), and the statistics of both players after these passes."""
        keys = jax.random.split(key)
        run = Passes(self.translator, translator, keys[0])
        judge = Passes(self.discriminator, discriminator, keys[1])
        code, made = run(x, method="a_to_b"), run(z, method="b_to_a")
        on_real, on_fake = judge(*self._shown(x, code)), judge(*self._shown(made, z))
        return on_real, on_fake, run.player.batch_stats, judge.player.batch_stats

    def discriminator_loss(
        self,
        discriminator: Player,
        translator: Player,
        x: Array,
        z: Array,
        key: Array,
        step: Array | int = 0,
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-log D(x, E(x)) - log(1 - D(G(z), z))."""
        translator = lax.stop_gradient(translator)
        on_real, on_fake, _, stats = self._logits(translator, discriminator, x, z, key)
        metrics = {"logit_real": core.mean_logit(on_real), "logit_fake": core.mean_logit(on_fake)}
        return self.loss.discriminator(on_real, on_fake, step), (stats, metrics)

    def translator_loss(
        self,
        translator: Player,
        discriminator: Player,
        x: Array,
        z: Array,
        key: Array,
        step: Array | int = 0,
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """The discriminator's loss with the kinds of pairs exchanged, which does not saturate."""
        discriminator = lax.stop_gradient(discriminator)
        on_real, on_fake, stats, _ = self._logits(translator, discriminator, x, z, key)
        return self.loss.discriminator(on_fake, on_real, step), (stats, {})

    def step(self, state: BiGANState, batch: Batch, key: Array) -> tuple[BiGANState, Metrics]:
        """One update of both players, on the same pairs."""
        z_key, key = jax.random.split(key)
        given = *self._pair(batch, z_key), key, state.step
        optimizer, factor = self.optimizer(self.learning_rate), self.schedule(state.step)
        discriminator, metrics = descend(
            self.discriminator_loss,
            optimizer,
            state.discriminator,
            *(state.translator, *given),
            name="discriminator",
            factor=factor,
        )
        translator, more = descend(
            self.translator_loss,
            optimizer,
            state.translator,
            *(state.discriminator, *given),
            name="translator",
            factor=factor,
        )
        return BiGANState(state.step + 1, translator, discriminator), metrics | more

    def generate(self, state: BiGANState, z: Array) -> Array:
        """G(z), `[n, size] -> [n, ...]`, with the running statistics."""
        return self.translate(state, z, "b_to_a")

    def translate(
        self,
        state: BiGANState,
        images: Array,
        direction: Literal["a_to_b", "b_to_a"] = "a_to_b",
        key: Array | None = None,
    ) -> Array:
        """E(x) or G(z), `[n, ...]`, with running statistics and no dropout; the key is not used."""
        del key
        checks.one_of(("a_to_b", "b_to_a"), direction=direction)
        given = state.translator, core.as_float(images)
        return apply(self.translator, *given, method=direction)[0]

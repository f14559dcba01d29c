"""SimGAN."""

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
from gans_jax.core import image_history as history
from gans_jax.core.image_history import History
from gans_jax.core.networks import Passes
from gans_jax.losses import AdversarialLoss, NonSaturating
from gans_jax.schedules import Constant


class SimGANState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32), players and the history."""

    step: Array
    refiner: Player
    discriminator: Player
    history: History


@dataclasses.dataclass(frozen=True)
class SimGAN:
    """SimGAN (Shrivastava et al. 2017, arXiv:1612.07828), Algorithm 1: a made to look like b.

    An iteration is `k_refiner` updates of the refiner and `k_discriminator` of the discriminator,
    each on fresh data. The refined image stays near its source in the L1 distance; `features`, a
    function from images `[n, h, w, c]` to arrays, measures that on features (with a network that
    sees objects this is feature loss + GAN). Patch logits make the adversarial loss local.

    Batch: `a` and `b`, `[k_refiner + k_discriminator, n, h, w, c]`, uint8 or float in [-1, 1]; the
    refiner's updates take the first. Metrics: loss and gradient norm of each player, mean logits on
    real and shown images, the refiner's terms `adversarial` and `content`.

    The distance is a mean where the paper has a sum, so that `weight` does not depend on the size.
    The history is CycleGAN's, which shows old images half of the time, where the paper fills half
    of each batch from it. The paper trains each player alone at first.
    """

    refiner: nn.Module
    discriminator: nn.Module
    loss: AdversarialLoss = NonSaturating()
    weight: float = 10.0
    features: Any = None
    k_refiner: int = 2
    k_discriminator: int = 1
    history_size: int = 50
    learning_rate: float = 2e-4
    optimizer: Callable[..., optax.GradientTransformation] = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    batch_axis: ClassVar[int] = 1
    sampled: ClassVar[tuple[str, ...]] = ("refiner",)

    def __post_init__(self) -> None:
        checks.positive(learning_rate=self.learning_rate)
        checks.positive(k_refiner=self.k_refiner, k_discriminator=self.k_discriminator)

    def critic_iterations(self, t: int) -> int:
        """How many minibatches iteration t takes."""
        return self.k_refiner + self.k_discriminator

    def minibatches_before(self, t: int) -> int:
        """How many minibatches the iterations before t took."""
        return (self.k_refiner + self.k_discriminator) * t

    def init(self, key: Array, batch: Batch) -> SimGANState:
        """The state before iteration 0; ValueError if the refiner does not fit the batch."""
        a, b = core.as_float(batch["a"][0]), core.as_float(batch["b"][0])
        optimizer, keys = self.optimizer(self.learning_rate), jax.random.split(key)
        refiner = core.create(self.refiner, optimizer, keys[0], a[:1])
        made = jax.eval_shape(lambda player: apply(self.refiner, player, a)[0], refiner)
        core.refuse_other_shape(made, b)
        discriminator = core.create(self.discriminator, optimizer, keys[1], b[:1])
        images = history.create(self.history_size, b)
        return SimGANState(jnp.zeros((), jnp.int32), refiner, discriminator, images)

    def refiner_loss(
        self, refiner: Player, discriminator: Player, a: Array, key: Array, step: Array | int = 0
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-log D(R(x)) + weight * |f(R(x)) - f(x)|."""
        keys = jax.random.split(key)
        refined, stats = apply(self.refiner, refiner, a, train=True, key=keys[0])
        discriminator = lax.stop_gradient(discriminator)
        on_fake, _ = apply(self.discriminator, discriminator, refined, train=True, key=keys[1])
        features = self.features or (lambda images: images)
        metrics = {
            "adversarial": self.loss.generator(on_fake, step),
            "content": jnp.mean(jnp.abs(features(refined) - features(a))),
        }
        return metrics["adversarial"] + self.weight * metrics["content"], (stats, metrics)

    def discriminator_loss(
        self, discriminator: Player, b: Array, fake: Array, key: Array, step: Array | int = 0
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-log D(y) - log(1 - D(refined)), on real images y and those of the history."""
        run = Passes(self.discriminator, discriminator, key)
        on_real, on_fake = run(b), run(lax.stop_gradient(fake))
        metrics = {"logit_real": core.mean_logit(on_real), "logit_fake": core.mean_logit(on_fake)}
        loss = self.loss.discriminator(on_real, on_fake, step)
        return loss, (run.player.batch_stats, metrics)

    def step(self, state: SimGANState, batch: Batch, key: Array) -> tuple[SimGANState, Metrics]:
        """The updates of the refiner, then those of the discriminator."""
        optimizer, factor = self.optimizer(self.learning_rate), self.schedule(state.step)

        def refine(player: Player, a: Array, key: Array) -> tuple[Player, Metrics]:
            rest, name = (state.discriminator, core.as_float(a), key, state.step), "refiner"
            return descend(self.refiner_loss, optimizer, player, *rest, name=name, factor=factor)

        def judge(carry: tuple, a: Array, b: Array, key: Array) -> tuple[tuple, Metrics]:
            player, images = carry
            keys, name = jax.random.split(key, 3), "discriminator"
            a, b = core.as_float(a), core.as_float(b)
            fake, _ = apply(self.refiner, refiner, a, train=True, key=keys[0])
            images, shown = history.query(images, fake, keys[1])
            rest = b, shown, keys[2], state.step
            player, metrics = descend(
                self.discriminator_loss, optimizer, player, *rest, name=name, factor=factor
            )
            return (player, images), metrics

        k, keys = self.k_refiner, jax.random.split(key, batch["a"].shape[0])
        refiner, metrics = core.repeat_update(refine, state.refiner, batch["a"][:k], keys[:k])
        rest = batch["a"][k:], batch["b"][k:], keys[k:]
        carry = state.discriminator, state.history
        (discriminator, images), more = core.repeat_update(judge, carry, *rest)
        return SimGANState(state.step + 1, refiner, discriminator, images), metrics | more

    def translate(
        self,
        state: SimGANState,
        images: Array,
        direction: Literal["a_to_b"] = "a_to_b",
        key: Array | None = None,
    ) -> Array:
        """Refined images, `[n, h, w, c]`, with running statistics and no dropout.

        Raises:
          ValueError: for the direction `b_to_a`, which SimGAN does not learn.
        """
        del key
        if direction != "a_to_b":
            raise ValueError("SimGAN learns a_to_b alone: exchange a and b in its batches")
        return apply(self.refiner, state.refiner, core.as_float(images))[0]

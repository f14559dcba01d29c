"""SimGAN."""

import dataclasses
import functools
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from chex import Numeric
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
from gans_jax.losses import AdversarialLoss, NonSaturating, l1
from gans_jax.methods.one_way import OneWay
from gans_jax.schedules import Constant


class SimGANState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32), players and the history."""

    step: Array
    refiner: Player
    discriminator: Player
    history: History


@dataclasses.dataclass(frozen=True)
class SimGAN(OneWay):
    """SimGAN (Shrivastava et al. 2017, arXiv:1612.07828), Algorithm 1: a made to look like b.

    An iteration is `k_refiner` updates of the refiner and `k_discriminator` of the discriminator,
    each on fresh data. The refined image stays near its source in the L1 distance. `features`, a
    function from images `[n, h, w, c]` to an array or a tuple of them, measures it there instead:
    with `metrics.EfficientNetFeatures()` this is feature loss + GAN of CycleGAN's tables (Zhu et
    al. 2017, section 5.1, which has VGG-16's relu4_2). Patch logits make the adversarial loss
    local. `networks.SimGANRefiner` and `networks.SimGANDiscriminator` are the paper's.

    The distance is a mean where the paper has a sum, so that `weight` does not depend on the size.
    The history is CycleGAN's, which shows old images half of the time, where the paper fills half
    of each batch from it.

    Attributes:
      refiner: the network that changes images a.
      discriminator: the network that returns logits, one an example or one a patch.
      loss: the adversarial loss; on the command line `--method.loss NAME`.
      weight: of the distance from the source.
      features: the function in whose values the distance is taken; None for the pixels.
      k_refiner: updates of the refiner in an iteration.
      k_discriminator: updates of the discriminator in an iteration.
      history_size: how many old refined images the discriminator is shown.
      learning_rate: of the optimizer, before the schedule's factor.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Batch: `a` and `b`, `[k_refiner + k_discriminator, n, h, w, c]`, uint8 or float in [-1, 1]; the
    refiner's updates take the first. `PretrainedSimGAN` has the paper's pre-training.

    Metrics: loss and gradient norm of each player, mean logits on real and shown images, the
    refiner's terms `adversarial` and `content`.

    >>> from gans_jax.networks import PixelGANDiscriminator, ResNetGenerator
    >>> refiner, discriminator = ResNetGenerator(features=2, blocks=1), PixelGANDiscriminator(2)
    >>> method = SimGAN(refiner, discriminator, history_size=4)
    >>> batch = {"a": jnp.zeros((3, 1, 8, 8, 3)), "b": jnp.zeros((3, 1, 8, 8, 3))}
    >>> state = jax.jit(method.init)(jax.random.key(0), batch)
    >>> method.translate(state, batch["a"][0]).shape
    (1, 8, 8, 3)
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
    optimizer: core.OptimizerFactory = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    batch_axis = 1
    sampled = ("refiner",)

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate)
        checks.positive(k_refiner=self.k_refiner, k_discriminator=self.k_discriminator)

    def minibatches(self, t: int) -> range:
        """Returns the minibatches of iteration t, one for each update of either player."""
        k = self.k_refiner + self.k_discriminator
        return range(k * t, k * (t + 1))

    def init(self, key: Array, batch: core.Batch) -> SimGANState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the refiner does not fit the batch.
        """
        refiner_key, discriminator_key = jax.random.split(key)
        a, b = core.images(batch, "a")[0], core.images(batch, "b")[0]
        optimizer = self.optimizer(self.learning_rate)
        refiner = core.create(self.refiner, optimizer, refiner_key, a[:1])
        core.check_output(self.refiner, refiner, a, b)
        discriminator = core.create(self.discriminator, optimizer, discriminator_key, b[:1])
        images = image_history.create(self.history_size, b)
        return SimGANState(jnp.zeros((), jnp.int32), refiner, discriminator, images)

    def refiner_loss(
        self, refiner: Player, discriminator: Player, a: Array, key: Array, step: Numeric = 0
    ) -> Loss:
        """Returns -log D(R(x)) + weight * |f(R(x)) - f(x)|."""
        refiner_key, discriminator_key = jax.random.split(key)
        r = Passes(self.refiner, refiner, refiner_key)
        d = Passes(self.discriminator, lax.stop_gradient(discriminator), discriminator_key)
        refined = r(a)
        adversarial = self.loss.generator(d(refined), step)
        features = self.features or (lambda images: images)
        distances = jax.tree.map(l1, features(refined), features(a))
        content = jax.tree.reduce(jnp.add, distances)
        metrics = {"adversarial": adversarial, "content": content}
        return adversarial + self.weight * content, Aux(r.batch_stats, metrics)

    def discriminator_loss(
        self, discriminator: Player, b: Array, fake: Array, key: Array, step: Numeric = 0
    ) -> Loss:
        """Returns -log D(y) - log(1 - D(refined)), on real images and images of the history."""
        d = Passes(self.discriminator, discriminator, key)
        on_real, on_fake = d(b), d(lax.stop_gradient(fake))
        metrics = {"logit_real": mean_logit(on_real), "logit_fake": mean_logit(on_fake)}
        return self.loss.discriminator(on_real, on_fake, step), Aux(d.batch_stats, metrics)

    def update_refiner(
        self, refiner: Player, state: SimGANState, a: Array, key: Array
    ) -> tuple[Player, Metrics]:
        """Takes one step of the refiner."""
        optimizer = self.optimizer(self.learning_rate * self.schedule(state.step))
        update = descend(self.refiner_loss, optimizer, "refiner")
        return update(refiner, state.discriminator, core.as_float(a), key, state.step)[:2]

    def update_discriminator(
        self, state: SimGANState, a: Array, b: Array, key: Array
    ) -> tuple[SimGANState, Metrics]:
        """Takes one step of the discriminator, on what the history gives for refined images."""
        refiner_key, history_key, loss_key = jax.random.split(key, 3)
        optimizer = self.optimizer(self.learning_rate * self.schedule(state.step))
        fake = Passes(self.refiner, state.refiner, refiner_key)(core.as_float(a))
        images, shown = image_history.query(state.history, fake, history_key)
        update = descend(self.discriminator_loss, optimizer, "discriminator")
        discriminator, metrics, _ = update(
            state.discriminator, core.as_float(b), shown, loss_key, state.step
        )
        return state._replace(discriminator=discriminator, history=images), metrics

    def step(
        self, state: SimGANState, batch: core.Batch, key: Array
    ) -> tuple[SimGANState, Metrics]:
        """Updates the refiner k_refiner times, then the discriminator k_discriminator times.

        Raises:
          ValueError: for a batch that has no minibatch for the discriminator.
        """
        a, b, k = core.entry(batch, "a"), core.entry(batch, "b"), self.k_refiner
        if a.shape[0] <= k:
            raise ValueError(
                f"an iteration takes {k + self.k_discriminator} minibatches, but the batch has "
                f"{a.shape[0]}: give images [{k + self.k_discriminator}, n, h, w, c]"
            )
        keys = jax.random.split(key, a.shape[0])
        refiner, refiner_metrics = core.repeat_update(
            lambda refiner, a, key: self.update_refiner(refiner, state, a, key),
            state.refiner,
            a[:k],
            keys[:k],
        )
        state, discriminator_metrics = core.repeat_update(
            self.update_discriminator, state._replace(refiner=refiner), a[k:], b[k:], keys[k:]
        )
        return state._replace(step=state.step + 1), refiner_metrics | discriminator_metrics

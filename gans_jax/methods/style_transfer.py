"""Style transfer by a feed-forward network."""

import dataclasses
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array

from gans_jax import core
from gans_jax.core import Aux, Batch, Loss, Metrics, Passes, Player, checks, descend
from gans_jax.methods.one_way import OneWay
from gans_jax.schedules import Constant


class StyleTransferState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32) and the player."""

    step: Array
    generator: Player


def gram(features: Array) -> Array:
    """Returns Gram matrices, `[n, h, w, c] -> [n, c, c]` (Johnson et al. 2016, equation 3).

    An entry is the sum over all places of the product of two channels, divided by h w c.
    """
    x = features.reshape(features.shape[0], -1, features.shape[-1])
    return jnp.einsum("npi,npj->nij", x, x) / (x.shape[1] * x.shape[2])


def style_distance(features: Array, of_style: Array) -> Array:
    """Returns the mean over examples of |G(x) - G(y)|^2, the Frobenius norm (equation 4)."""
    difference = gram(features) - gram(of_style)
    return jnp.mean(jnp.sum(jnp.square(difference), axis=(1, 2)))


def total_variation(images: Array) -> Array:
    """Returns the mean squared difference of neighbours, below each other plus beside each other.

    The paper names this term without an equation; the authors' code has squared differences.
    """
    below, beside = images[:, 1:] - images[:, :-1], images[:, :, 1:] - images[:, :, :-1]
    return jnp.mean(jnp.square(below)) + jnp.mean(jnp.square(beside))


@dataclasses.dataclass(frozen=True)
class StyleTransfer(OneWay):
    """Perceptual losses for style transfer (Johnson et al. 2016, arXiv:1603.08155), section 3.

    A network paints photos a in the style of the images b, without an adversary. `features`, a
    fixed function from images `[n, h, w, c]` to a tuple of feature maps `[n, h', w', c']`, judges
    it: all maps the style, by their Gram matrices, and the map number `content` the content, by the
    mean squared difference. An image is compared with the style image beside it in the batch; the
    paper has one style image, which is a folder b with one file.

    The paper's features are VGG-16's, whose weights no package ships. `EfficientNetFeatures` of
    `gans_jax.metrics` are another network's, so that the paper's weights of the terms say nothing.

    Attributes:
      generator: the network that paints photos.
      features: the fixed function that returns feature maps of images.
      content: the number of the map that judges the content.
      content_weight: of the content's distance.
      style_weight: of the distance of Gram matrices.
      variation_weight: of the differences between neighbouring pixels.
      learning_rate: of the optimizer, before the schedule's factor.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Batch: `a` and `b`, `[n, h, w, c]`, uint8 or float in [-1, 1], of any two sizes.

    Metrics: loss and gradient norm of the generator, its terms `content`, `style` and `variation`.

    >>> from gans_jax.networks import MLPGenerator
    >>> features = lambda images: (images, images[:, ::2, ::2])
    >>> method = StyleTransfer(MLPGenerator((4, 4, 3), (8,)), features)
    >>> batch = {"a": jnp.zeros((2, 4, 4, 3)), "b": jnp.ones((2, 4, 4, 3))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> method.translate(state, batch["a"]).shape
    (2, 4, 4, 3)
    """

    generator: nn.Module
    features: Any
    content: int = 1
    content_weight: float = 1.0
    style_weight: float = 5.0
    variation_weight: float = 0.0
    learning_rate: float = 1e-3
    optimizer: core.OptimizerFactory = optax.adam
    schedule: Any = Constant()

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate)
        checks.not_negative(
            content=self.content,
            content_weight=self.content_weight,
            style_weight=self.style_weight,
            variation_weight=self.variation_weight,
        )

    def init(self, key: Array, batch: Batch) -> StyleTransferState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the network does not keep the shape of the photos, or there is no feature
            map of the number `content`.
        """
        a = core.images(batch, "a")
        generator = core.create(self.generator, self.optimizer(self.learning_rate), key, a[:1])
        core.check_output(self.generator, generator, a, a)
        maps = len(jax.eval_shape(self.features, a))
        if self.content >= maps:
            raise ValueError(
                f"content is {self.content}, but the features are {maps} maps, counted from 0: "
                "name one of them"
            )
        return StyleTransferState(jnp.zeros((), jnp.int32), generator)

    def generator_loss(self, generator: Player, a: Array, b: Array, key: Array) -> Loss:
        """Returns the weighted sum of content, style and total variation (equation 5)."""
        painted = Passes(self.generator, generator, key)
        y = painted(a)
        of_y, of_a, of_b = self.features(y), self.features(a), self.features(b)
        content = jnp.mean(jnp.square(of_y[self.content] - of_a[self.content]))
        style = sum(map(style_distance, of_y, of_b), start=jnp.zeros((), content.dtype))
        variation = total_variation(y)
        loss = self.content_weight * content + self.style_weight * style
        loss += self.variation_weight * variation
        metrics = {"content": content, "style": style, "variation": variation}
        return loss, Aux(painted.batch_stats, metrics)

    def step(
        self, state: StyleTransferState, batch: Batch, key: Array
    ) -> tuple[StyleTransferState, Metrics]:
        """Takes one step of the generator on a batch of photos and style images."""
        a, b = core.images(batch, "a"), core.images(batch, "b")
        optimizer = self.optimizer(self.learning_rate * self.schedule(state.step))
        update = descend(self.generator_loss, optimizer, "generator")
        generator, metrics, _ = update(state.generator, a, b, key)
        return StyleTransferState(state.step + 1, generator), metrics

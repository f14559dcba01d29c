"""DistanceGAN."""

import dataclasses
import functools
from typing import Any

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from gans_jax import core
from gans_jax.core import Aux, Batch, Loss, Passes, Player, checks
from gans_jax.losses import AdversarialLoss, LeastSquares, absolute, l1
from gans_jax.methods.two_domains import TwoDomains
from gans_jax.schedules import Constant


@dataclasses.dataclass(frozen=True)
class Scale:
    """Brings the distances between a domain's images to a mean of 0 and a deviation of 1.

    Attributes:
      mean: the mean of the distances.
      std: their standard deviation.
    """

    mean: float = 0.0
    std: float = 1.0

    def __call__(self, distances: Array) -> Array:
        return (distances - self.mean) / self.std


def distances(images: Array) -> Array:
    """Returns the mean of |x_i - x_j| over all values for all i < j, `[n, ...] -> [n (n - 1) / 2]`.

    Raises:
      ValueError: for one image, which has no distance to others.
    """
    if images.shape[0] < 2:
        raise ValueError("one image has no distance to others: use two or more, or halves=True")
    i, j = np.triu_indices(images.shape[0], 1)
    flat = images.reshape(images.shape[0], -1)
    return jnp.mean(absolute(flat[i] - flat[j]), axis=1)


def self_distances(images: Array) -> Array:
    """Returns the mean of |left half - right half| of each image, `[n, h, w, c] -> [n]`, even w."""
    left, right = jnp.split(images, 2, axis=2)
    return jnp.mean(absolute(left - right), axis=(1, 2, 3))


def scale_of(images: Array, *, halves: bool = False) -> Scale:
    """Estimates the scale of a domain on some of its images, `[n, h, w, c]`."""
    measured = (self_distances if halves else distances)(core.as_float(jnp.asarray(images)))
    return Scale(float(jnp.mean(measured)), float(jnp.std(measured)))


@dataclasses.dataclass(frozen=True)
class DistanceGAN(TwoDomains):
    """DistanceGAN (Benaim & Wolf 2017, arXiv:1706.00826): distances survive the translation.

    Two images that are far apart in one domain are to be as far apart once translated, where each
    domain has its own `Scale`, estimated beforehand by `scale_of`. Neither direction needs the
    other. With `halves` the two are the left and the right half of one image (the upper and the
    lower one in the authors' code), which batches of one need. With a cycle weight the method is
    the paper's combination of both constraints. Discriminators and their histories are CycleGAN's,
    to compare with it.

    A player's running batch statistics change in its own update only.

    Attributes:
      translator: the network that holds both directions.
      discriminator: the network of either domain's discriminator.
      loss: the adversarial loss; on the command line `--method.loss NAME`.
      distance_weight: of the difference of distances before and after a translation.
      cycle_weight: of the distance between an image and what comes back of it.
      halves: whether distances are between the halves of an image, not between images.
      scale_a: mean and standard deviation of the distances in domain a.
      scale_b: mean and standard deviation of the distances in domain b.
      history_size: how many old translations of each domain the discriminators are shown.
      learning_rate: of the optimizer, before the schedule's factor.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Batch: `a` and `b`, `[n, h, w, c]`, uint8 or float in [-1, 1], n at least 2 without `halves`;
    pairs of images are drawn from the global batch.

    Metrics: loss and gradient norm of each player, mean logits on real and shown images of each
    domain, the translator's terms `adversarial_a`, `distance_a` (of the images of a and their
    translations), `cycle_a` if it has a weight, and so on.

    >>> from gans_jax.networks import PixelGANDiscriminator, ResNetGenerator, TwoGenerators
    >>> generator = ResNetGenerator(features=2, blocks=1)
    >>> discriminator = PixelGANDiscriminator(features=2)
    >>> method = DistanceGAN(TwoGenerators(generator, generator), discriminator, history_size=4)
    >>> batch = {"a": jnp.zeros((2, 8, 8, 3)), "b": jnp.zeros((2, 8, 8, 3))}
    >>> state = jax.jit(method.init)(jax.random.key(0), batch)
    >>> method.translate(state, batch["a"], "a_to_b").shape
    (2, 8, 8, 3)
    """

    translator: nn.Module
    discriminator: nn.Module
    loss: AdversarialLoss = LeastSquares(discriminator_scale=1.0, generator_scale=1.0)
    distance_weight: float = 1.0
    cycle_weight: float = 0.0
    halves: bool = False
    scale_a: Scale = Scale()
    scale_b: Scale = Scale()
    history_size: int = 50
    learning_rate: float = 2e-4
    optimizer: core.OptimizerFactory = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate)

    @property
    def couples_examples(self) -> bool:
        """Without `halves` the distances are between examples."""
        return not self.halves or super().couples_examples

    def distance(self, source: Array, scale: Scale, made: Array, made_scale: Scale) -> Array:
        """Returns how far the distances after a translation are from the distances before it."""
        if self.halves:
            before, after = self_distances(source), self_distances(made)
        else:
            before, after = distances(core.gather(source)), distances(core.gather(made))
        return l1(scale(before), made_scale(after))

    def translator_loss(
        self,
        translator: Player,
        discriminator_a: Player,
        discriminator_b: Player,
        batch: Batch,
        key: Array,
        step: chex.Numeric = 0,
    ) -> Loss:
        """Returns the objective of both directions; its outputs: the translations to a and b."""
        translator_key, a_key, b_key = jax.random.split(key, 3)
        t = Passes(self.translator, translator, translator_key)
        g = functools.partial(t, method="a_to_b")
        f = functools.partial(t, method="b_to_a")
        a, b = core.images(batch, "a"), core.images(batch, "b")
        fake_b, fake_a = g(a), f(b)
        metrics = {
            "adversarial_a": self.fool(discriminator_a, fake_a, a_key, step),
            "adversarial_b": self.fool(discriminator_b, fake_b, b_key, step),
            "distance_a": self.distance(a, self.scale_a, fake_b, self.scale_b),
            "distance_b": self.distance(b, self.scale_b, fake_a, self.scale_a),
        }
        loss = metrics["adversarial_a"] + metrics["adversarial_b"]
        loss += self.distance_weight * (metrics["distance_a"] + metrics["distance_b"])
        if checks.used(self.cycle_weight):
            metrics["cycle_a"] = l1(f(fake_b), a)
            metrics["cycle_b"] = l1(g(fake_a), b)
            loss += self.cycle_weight * (metrics["cycle_a"] + metrics["cycle_b"])
        return loss, Aux(t.batch_stats, metrics, (fake_a, fake_b))

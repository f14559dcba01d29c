"""Attention-GAN."""

import dataclasses
import functools
from typing import Any

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Aux, Batch, Direction, Loss, Metrics, Passes, Player, checks
from gans_jax.losses import AdversarialLoss, LeastSquares, absolute, l1
from gans_jax.methods.two_domains import TwoDomains, TwoDomainsState
from gans_jax.networks import LayeredTranslator
from gans_jax.schedules import Constant


def _as_mask(mask: Array) -> Array:
    """Turns uint8 in 0..255 into float32 in [0, 1]; anything else passes through unchanged."""
    return mask.astype(jnp.float32) / 255 if mask.dtype == jnp.uint8 else mask


@dataclasses.dataclass(frozen=True)
class AttentionGAN(TwoDomains):
    """Attention-GAN (Chen et al. 2018, arXiv:1803.06798): objects change, their background stays.

    G(x) = A(x) T(x) + (1 - A(x)) x, with an attention network A and a transformation T per domain,
    trained as CycleGAN is. The attention on an object is to be the same before and after the
    translation, and small. `supervised` replaces both wishes by the distance from given masks. As
    in the authors' code the attention before the translation is a constant for the one after it,
    the weights beside the cycle's are 1, and the discriminator's objective is halved.

    A player's running batch statistics change in its own update only.

    Attributes:
      translator: the transformations and the attention networks of both directions.
      discriminator: the network of either domain's discriminator.
      loss: the adversarial loss; on the command line `--method.loss NAME`.
      cycle_weight: of the distance between an image and what comes back of it.
      attention_cycle_weight: of the difference of the attention before and after a translation.
      sparsity_weight: of the size of the attention.
      mask_weight: of the distance from given masks.
      supervised: whether masks are given.
      history_size: how many old translations of each domain the discriminators are shown.
      learning_rate: of the optimizer, before the schedule's factor.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Batch: `a` and `b`, `[n, h, w, c]`, uint8 or float in [-1, 1]; if supervised also `mask_a` and
    `mask_b`, `[n, h, w, 1]`, uint8 or float in [0, 1].

    Metrics: loss and gradient norm of each player, mean logits on real and shown images of each
    domain, the translator's terms `adversarial_a`, `cycle_a`, `attention_cycle_a` and `sparsity_a`,
    or `mask_a`, and so on.

    >>> from gans_jax.networks import AttentionNetwork, PixelGANDiscriminator, ResNetGenerator
    >>> from gans_jax.networks import TwoGenerators
    >>> generator = ResNetGenerator(features=2, blocks=1)
    >>> attention = AttentionNetwork(features=2, blocks=1)
    >>> translator = LayeredTranslator(
    ...     TwoGenerators(generator, generator), TwoGenerators(attention, attention)
    ... )
    >>> method = AttentionGAN(translator, PixelGANDiscriminator(features=2), history_size=4)
    >>> batch = {"a": jnp.zeros((1, 8, 8, 3)), "b": jnp.zeros((1, 8, 8, 3))}
    >>> state = jax.jit(method.init)(jax.random.key(0), batch)
    >>> method.attention(state, batch["a"]).shape
    (1, 8, 8, 1)
    """

    translator: LayeredTranslator
    discriminator: nn.Module
    loss: AdversarialLoss = LeastSquares(discriminator_scale=1.0, generator_scale=1.0)
    cycle_weight: float = 10.0
    attention_cycle_weight: float = 1.0
    sparsity_weight: float = 1.0
    mask_weight: float = 1.0
    supervised: bool = False
    history_size: int = 50
    learning_rate: float = 2e-4
    optimizer: core.OptimizerFactory = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate)

    def attention_loss(
        self, batch: Batch, on_a: Array, on_b: Array, on_fake_a: Array, on_fake_b: Array
    ) -> tuple[Array, Metrics]:
        """Returns what the attention on real and on translated images minimises."""
        if self.supervised:
            metrics = {
                "mask_a": l1(on_a, _as_mask(core.entry(batch, "mask_a"))),
                "mask_b": l1(on_b, _as_mask(core.entry(batch, "mask_b"))),
            }
            return self.mask_weight * (metrics["mask_a"] + metrics["mask_b"]), metrics
        before_a, before_b = lax.stop_gradient((on_a, on_b))
        metrics = {
            "attention_cycle_a": l1(on_fake_b, before_a),
            "attention_cycle_b": l1(on_fake_a, before_b),
            "sparsity_a": jnp.mean(absolute(on_a)),
            "sparsity_b": jnp.mean(absolute(on_b)),
        }
        cycle = metrics["attention_cycle_a"] + metrics["attention_cycle_b"]
        sparsity = metrics["sparsity_a"] + metrics["sparsity_b"]
        return self.attention_cycle_weight * cycle + self.sparsity_weight * sparsity, metrics

    def translator_loss(
        self,
        translator: Player,
        discriminator_a: Player,
        discriminator_b: Player,
        batch: Batch,
        key: Array,
        step: chex.Numeric = 0,
    ) -> Loss:
        """Returns the full objective of A and T; its outputs are the translations to a and b."""
        translator_key, a_key, b_key = jax.random.split(key, 3)
        t = Passes(self.translator, translator, translator_key)
        a, b = core.images(batch, "a"), core.images(batch, "b")
        fake_b, on_a = t(a, "a_to_b", method="layers")
        fake_a, on_b = t(b, "b_to_a", method="layers")
        cycled_a, on_fake_b = t(fake_b, "b_to_a", method="layers")
        cycled_b, on_fake_a = t(fake_a, "a_to_b", method="layers")
        metrics = {
            "adversarial_a": self.fool(discriminator_a, fake_a, a_key, step),
            "adversarial_b": self.fool(discriminator_b, fake_b, b_key, step),
            "cycle_a": l1(cycled_a, a),
            "cycle_b": l1(cycled_b, b),
        }
        loss = metrics["adversarial_a"] + metrics["adversarial_b"]
        loss += self.cycle_weight * (metrics["cycle_a"] + metrics["cycle_b"])
        attention_loss, terms = self.attention_loss(batch, on_a, on_b, on_fake_a, on_fake_b)
        return loss + attention_loss, Aux(t.batch_stats, metrics | terms, (fake_a, fake_b))

    def attention(
        self, state: TwoDomainsState, images: Array, direction: Direction = "a_to_b"
    ) -> Array:
        """Returns where the translation of images changes them: `[n, h, w, 1]`, 0 to 1."""
        checks.one_of(("a_to_b", "b_to_a"), direction=direction)
        x = core.as_float(images)
        _, attention = core.apply(self.translator, state.translator, x, direction, method="layers")[
            0
        ]
        mask: Array = attention
        return mask

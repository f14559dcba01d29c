"""Attention-GAN."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Batch, Metrics, Player, apply, checks
from gans_jax.losses import AdversarialLoss, LeastSquares
from gans_jax.methods.two_domains import Direction, Passes, TwoDomains, TwoDomainsState, distance
from gans_jax.networks.layered import LayeredTranslator
from gans_jax.schedules import Constant


def _as_mask(mask: Array) -> Array:
    """uint8 in 0..255 becomes float32 in [0, 1]; anything else passes through unchanged."""
    return mask.astype(jnp.float32) / 255 if mask.dtype == jnp.uint8 else mask


@dataclasses.dataclass(frozen=True)
class AttentionGAN(TwoDomains):
    """Attention-GAN (Chen et al. 2018, arXiv:1803.06798): objects change, their background stays.

    G(x) = A(x) T(x) + (1 - A(x)) x, with an attention network A and a transformation T per domain,
    trained as CycleGAN is. The attention on an object is to be the same before and after the
    translation, and small. `supervised` replaces both wishes by the distance from given masks. As
    in the authors' code the attention before the translation is a constant for the one after it,
    the weights beside the cycle's are 1, and the discriminator's objective is halved.

    Batch: `a` and `b`, `[n, h, w, c]`, uint8 or float in [-1, 1]; if supervised also `mask_a` and
    `mask_b`, `[n, h, w, 1]`, uint8 or float in [0, 1]. Metrics: loss and gradient norm of each
    player, mean logits on real and shown images of each domain, the translator's terms
    `adversarial_a`, `cycle_a`, `attention_cycle_a` and `sparsity_a`, or `mask_a`, and so on. A
    player's running batch statistics change in its own update only.
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
    optimizer: Callable[..., optax.GradientTransformation] = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    batch_axis: ClassVar[int] = 0

    def __post_init__(self) -> None:
        checks.positive(learning_rate=self.learning_rate)

    def _attention_terms(
        self, batch: Batch, on_a: Array, on_b: Array, on_fake_a: Array, on_fake_b: Array
    ) -> dict[str, tuple[float, Array, Array]]:
        """By name, a weight and the terms of the domains."""
        if self.supervised:
            mask_a, mask_b = _as_mask(batch["mask_a"]), _as_mask(batch["mask_b"])
            return {"mask": (self.mask_weight, distance(on_a, mask_a), distance(on_b, mask_b))}
        before_a, before_b = lax.stop_gradient((on_a, on_b))
        cycle = distance(on_fake_b, before_a), distance(on_fake_a, before_b)
        return {
            "attention_cycle": (self.attention_cycle_weight, *cycle),
            "sparsity": (self.sparsity_weight, jnp.mean(jnp.abs(on_a)), jnp.mean(jnp.abs(on_b))),
        }

    def translator_loss(
        self,
        translator: Player,
        discriminator_a: Player,
        discriminator_b: Player,
        batch: Batch,
        key: Array,
        step: Array | int = 0,
    ) -> tuple[Array, tuple[Any, Metrics, Array, Array]]:
        """The full objective of A and T; behind its metrics the translations to a and to b."""
        key, *keys = jax.random.split(key, 3)
        run = functools.partial(Passes(self.translator, translator, key), method="layers")
        a, b = core.as_float(batch["a"]), core.as_float(batch["b"])
        (fake_b, on_a), (fake_a, on_b) = run(a, "a_to_b"), run(b, "b_to_a")
        (cycled_a, on_fake_b), (cycled_b, on_fake_a) = run(fake_b, "b_to_a"), run(fake_a, "a_to_b")
        terms = {
            "adversarial": (
                1.0,
                self.fool(discriminator_a, fake_a, keys[0], step),
                self.fool(discriminator_b, fake_b, keys[1], step),
            ),
            "cycle": (self.cycle_weight, distance(cycled_a, a), distance(cycled_b, b)),
            **self._attention_terms(batch, on_a, on_b, on_fake_a, on_fake_b),
        }
        loss = sum(weight * (of_a + of_b) for weight, of_a, of_b in terms.values())
        metrics = {f"{name}_a": of_a for name, (_, of_a, _) in terms.items()}
        metrics |= {f"{name}_b": of_b for name, (_, _, of_b) in terms.items()}
        return loss, (run.func.player.batch_stats, metrics, fake_a, fake_b)

    def attention(
        self, state: TwoDomainsState, images: Array, direction: Direction = "a_to_b"
    ) -> Array:
        """Where the translation of images `[n, h, w, c]` changes them: `[n, h, w, 1]`, 0 to 1."""
        checks.one_of(("a_to_b", "b_to_a"), direction=direction)
        given = state.translator, core.as_float(images), direction
        return apply(self.translator, *given, method="layers")[0][1]

"""CycleGAN."""

import dataclasses
import functools
from typing import Any

import chex
import flax.linen as nn
import jax
import optax
from jax import Array

from gans_jax import core
from gans_jax.core import Aux, Batch, Loss, Passes, Player, checks
from gans_jax.losses import AdversarialLoss, LeastSquares, l1
from gans_jax.methods.two_domains import TwoDomains
from gans_jax.networks import SharedEncoderTranslator
from gans_jax.schedules import Constant


@dataclasses.dataclass(frozen=True)
class CycleGAN(TwoDomains):
    """CycleGAN (Zhu et al. 2017, arXiv:1703.10593): two domains, learned without pairs.

    An iteration is one update of both generators, G: a to b and F: b to a, then one of each
    discriminator, whose objective is halved, on images from a history of 50 translations per domain
    (section 4). The generators make these translations before their update.

    `translator` holds both generators, as methods `a_to_b(x, train)` and `b_to_a(x, train)` and a
    `__call__(a, b)` that creates both; one Adam over all of its parameters is one for each. The
    rows of the paper's table 4 are settings: `adversarial=False` is cycle alone, both cycle weights
    0 is GAN alone, the backward or the forward weight 0 is GAN + forward or GAN + backward cycle.
    The identity loss (section 5.2) is no part of equation 3 and has the weight 0, which takes no
    time and lets the domains have different shapes. The paper gives it half of the cycle's weight,
    5, where colours are to stay: from Monet's paintings to photos and for flowers of a telephone's
    camera (appendix, training details). The authors' PyTorch code does so by default. With a
    `SharedEncoderTranslator` the identity loss takes the encodings of the translations, unless the
    norm is batch norm, whose statistics count every pass.

    A player's running batch statistics change in its own update only, the translator's in all of
    its passes.

    Attributes:
      translator: the network that holds both directions.
      discriminator: the network of either domain's discriminator.
      loss: the adversarial loss; on the command line `--method.loss NAME`.
      forward_weight: of the distance between a and F(G(a)).
      backward_weight: of the distance between b and G(F(b)).
      identity_weight: of the distance between an image and its translation into its own domain.
      adversarial: whether there are discriminators; False is cycle alone.
      history_size: how many old translations of each domain the discriminators are shown.
      learning_rate: of the optimizer, before the schedule's factor.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Batch: `a` and `b`, `[n, h, w, c]`, uint8 or float in [-1, 1].

    Metrics: loss and gradient norm of each player, mean logits on real and shown images of each
    domain, the translator's terms `adversarial_a`, `cycle_a`, `identity_a` and so on.

    >>> from gans_jax.networks import PixelGANDiscriminator, ResNetGenerator, TwoGenerators
    >>> generator = ResNetGenerator(features=2, blocks=1)
    >>> discriminator = PixelGANDiscriminator(features=2)
    >>> method = CycleGAN(TwoGenerators(generator, generator), discriminator, history_size=4)
    >>> batch = {"a": jnp.zeros((1, 8, 8, 3)), "b": jnp.zeros((1, 8, 8, 3))}
    >>> state = jax.jit(method.init)(jax.random.key(0), batch)
    >>> method.translate(state, batch["b"], "b_to_a").shape
    (1, 8, 8, 3)
    """

    translator: nn.Module
    discriminator: nn.Module
    loss: AdversarialLoss = LeastSquares(discriminator_scale=1.0, generator_scale=1.0)
    forward_weight: float = 10.0
    backward_weight: float = 10.0
    identity_weight: float = 0.0
    adversarial: bool = True
    history_size: int = 50
    learning_rate: float = 2e-4
    optimizer: core.OptimizerFactory = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate)

    @property
    def _encodes_once(self) -> bool:
        """Whether the identity loss takes the encodings that the translations take."""
        shared = isinstance(self.translator, SharedEncoderTranslator)
        return shared and self.translator.encodes_once and checks.used(self.identity_weight)

    def translator_loss(
        self,
        translator: Player,
        discriminator_a: Player,
        discriminator_b: Player,
        batch: Batch,
        key: Array,
        step: chex.Numeric = 0,
    ) -> Loss:
        """Returns equation 3 and, if it has a weight, the identity loss, with F(b) and G(a)."""
        translator_key, a_key, b_key = jax.random.split(key, 3)
        t = Passes(self.translator, translator, translator_key)
        g = functools.partial(t, method="a_to_b")
        f = functools.partial(t, method="b_to_a")
        a, b = core.images(batch, "a"), core.images(batch, "b")
        if self._encodes_once:
            same_a, fake_b = t(a, method="to_both")
            fake_a, same_b = t(b, method="to_both")
        else:
            fake_b, fake_a = g(a), f(b)
        metrics = {"cycle_a": l1(f(fake_b), a), "cycle_b": l1(g(fake_a), b)}
        loss = self.forward_weight * metrics["cycle_a"] + self.backward_weight * metrics["cycle_b"]
        if self.adversarial:
            metrics["adversarial_a"] = self.fool(discriminator_a, fake_a, a_key, step)
            metrics["adversarial_b"] = self.fool(discriminator_b, fake_b, b_key, step)
            loss += metrics["adversarial_a"] + metrics["adversarial_b"]
        if checks.used(self.identity_weight):
            if a.shape[-1] != b.shape[-1]:
                raise ValueError(
                    "the identity loss needs domains with as many channels, but a has "
                    f"{a.shape[-1]} and b has {b.shape[-1]}: set identity_weight to 0"
                )
            if not self._encodes_once:
                same_a, same_b = f(a), g(b)
            metrics["identity_a"], metrics["identity_b"] = l1(same_a, a), l1(same_b, b)
            loss += self.identity_weight * (metrics["identity_a"] + metrics["identity_b"])
        return loss, Aux(t.batch_stats, metrics, (fake_a, fake_b))

"""Boundary equilibrium GAN."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Batch, Metrics, Player, apply, checks, descend
from gans_jax.core.networks import Passes
from gans_jax.methods.generative import Generative
from gans_jax.methods.two_domains import distance
from gans_jax.priors import Uniform
from gans_jax.schedules import StepDecay


class BEGANState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32), the players and k."""

    step: Array
    generator: Player
    discriminator: Player
    k: Array


@dataclasses.dataclass(frozen=True)
class BEGAN(Generative):
    """BEGAN (Berthelot et al. 2017, arXiv:1703.10717), section 3.4: matching auto-encoder losses.

    The discriminator is an auto-encoder, `[n, ...]` to the same, with the loss L(v) = |v - D(v)|. A
    proportional control of k holds E L(G(z)) at `gamma` times E L(x): less is sharper and less
    diverse. Both players are updated at once, each against the other's old weights.

    Batch: `image` `[n, ...]`, uint8 or float in [-1, 1]. Metrics: loss and gradient norm of each
    player, E L(x) and E L(G(z)) in the discriminator's update, `k`, and the paper's global measure
    of `convergence`, E L(x) + |gamma E L(x) - E L(G(z))|. Each player has noise of its own, as in
    the paper (in the reproduction of Kim 2017 they share it). The schedule is Kim's; the paper
    halves the learning rate when the measure stalls.
    """

    generator: nn.Module
    discriminator: nn.Module
    prior: Any = Uniform(64)
    gamma: float = 0.5
    lambda_k: float = 0.001
    learning_rate: float = 1e-4
    optimizer: Callable[..., optax.GradientTransformation] = optax.adam
    schedule: Any = StepDecay(every=100_000, factor=0.5)
    batch_axis: ClassVar[int] = 0

    def __post_init__(self) -> None:
        checks.positive(gamma=self.gamma, lambda_k=self.lambda_k, learning_rate=self.learning_rate)

    def init(self, key: Array, batch: Batch) -> BEGANState:
        """The state before iteration 0, k = 0; ValueError if the networks do not fit the batch."""
        real, optimizer = core.as_float(batch["image"]), self.optimizer(self.learning_rate)
        generator, discriminator = core.create_pair(
            key, self.prior, real, (self.generator, optimizer), (self.discriminator, optimizer)
        )
        run = lambda player: apply(self.discriminator, player, real)[0]  # noqa: E731
        if (decoded := jax.eval_shape(run, discriminator).shape) != real.shape:
            raise ValueError(
                f"BEGAN's discriminator is an auto-encoder, but makes {decoded} of {real.shape}: "
                "use one such as BEGANDiscriminator"
            )
        return BEGANState(jnp.zeros((), jnp.int32), generator, discriminator, jnp.zeros(()))

    def discriminator_loss(
        self, discriminator: Player, generator: Player, real: Array, z: Array, key: Array, k: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """E L(x) - k E L(G(z))."""
        keys = jax.random.split(key)
        fake, _ = apply(self.generator, generator, z, train=True, key=keys[0])
        fake = lax.stop_gradient(fake)
        decode = Passes(self.discriminator, discriminator, keys[1])
        on_real, on_fake = distance(decode(real), real), distance(decode(fake), fake)
        metrics = {"reconstruction_real": on_real, "reconstruction_fake": on_fake}
        return on_real - k * on_fake, (decode.player.batch_stats, metrics)

    def generator_loss(
        self, generator: Player, discriminator: Player, z: Array, key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """E L(G(z))."""
        keys = jax.random.split(key)
        fake, stats = apply(self.generator, generator, z, train=True, key=keys[0])
        decode = Passes(self.discriminator, lax.stop_gradient(discriminator), keys[1])
        return distance(decode(fake), fake), (stats, {})

    def step(self, state: BEGANState, batch: Batch, key: Array) -> tuple[BEGANState, Metrics]:
        """One update of both players, then of k by the means over the global batch."""
        real, keys = core.as_float(batch["image"]), jax.random.split(key, 4)
        optimizer, factor = self.optimizer(self.learning_rate), self.schedule(state.step)
        z_d, z_g = (self.prior(key, real.shape[0]) for key in keys[:2])
        rest = state.discriminator, state.generator, real, z_d, keys[2], state.k
        discriminator, metrics = descend(
            self.discriminator_loss, optimizer, *rest, name="discriminator", factor=factor
        )
        rest = state.generator, state.discriminator, z_g, keys[3]
        generator, more = descend(
            self.generator_loss, optimizer, *rest, name="generator", factor=factor
        )
        on_real = metrics["reconstruction_real"]
        balance = self.gamma * on_real - more["generator_loss"]
        k = jnp.clip(state.k + self.lambda_k * balance, 0, 1)
        metrics |= more | {"k": k, "convergence": on_real + jnp.abs(balance)}
        return BEGANState(state.step + 1, generator, discriminator, k), metrics

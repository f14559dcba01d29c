"""Boundary equilibrium GAN."""

import dataclasses
import functools
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Aux, Batch, Loss, Metrics, Passes, Player, checks, descend
from gans_jax.losses import l1
from gans_jax.methods.generative import Generative
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
    diverse. Both players are updated at once, each against the other's old weights. Each player has
    noise of its own, as in the paper (in the reproduction of Kim 2017 they share it). The schedule
    is Kim's; the paper halves the learning rate when the measure of convergence stalls.

    An iteration moves k by `lambda_k` times a loss. The default is meant for hundreds of thousands
    of iterations; shorter runs need a larger one. While k is 0 the discriminator learns nothing
    about generated images. If it stays there, a larger `gamma` lifts it.

    Attributes:
      generator: the network that makes examples of noise.
      discriminator: the auto-encoder.
      prior: the distribution of the noise.
      gamma: the loss on generated examples as a share of the loss on real ones; less is sharper and
        less diverse.
      lambda_k: by how much an iteration moves k.
      learning_rate: of the optimizer, before the schedule's factor.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.

    Batch: `image` `[n, ...]`, uint8 or float in [-1, 1].

    Metrics: loss and gradient norm of each player, E L(x) and E L(G(z)) in the discriminator's
    update, `k`, and the paper's global measure of `convergence`, E L(x) + |gamma E L(x) - E
    L(G(z))|.

    >>> from gans_jax.networks import EncoderDecoder, MLPGenerator
    >>> code, points = MLPGenerator((1,), (8,)), MLPGenerator((2,), (8,), output="linear")
    >>> method = BEGAN(points, EncoderDecoder(code, points))
    >>> batch = {"image": jnp.ones((4, 2))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> bool(0 <= state.k <= 1)
    True
    """

    generator: nn.Module
    discriminator: nn.Module
    prior: Any = Uniform(64)
    gamma: float = 0.5
    lambda_k: float = 0.001
    learning_rate: float = 1e-4
    optimizer: core.OptimizerFactory = optax.adam
    schedule: Any = StepDecay(every=100_000, factor=0.5)

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(gamma=self.gamma, lambda_k=self.lambda_k, learning_rate=self.learning_rate)

    def init(self, key: Array, batch: Batch) -> BEGANState:
        """Returns the state before iteration 0, with k = 0.

        Raises:
          ValueError: if the networks do not fit the batch.
        """
        real = core.images(batch, "image")
        optimizer = self.optimizer(self.learning_rate)
        generator, discriminator = core.create_pair(
            key, self.prior, real, self.generator, self.discriminator, optimizer
        )
        decode = functools.partial(core.infer, self.discriminator)
        decoded = jax.eval_shape(decode, discriminator, real)
        if decoded.shape != real.shape:
            raise ValueError(
                f"BEGAN's discriminator is an auto-encoder, but makes {decoded.shape} of "
                f"{real.shape}: use one such as BEGANDiscriminator"
            )
        return BEGANState(jnp.zeros((), jnp.int32), generator, discriminator, jnp.zeros(()))

    def discriminator_loss(
        self, discriminator: Player, generator: Player, real: Array, z: Array, key: Array, k: Array
    ) -> Loss:
        """Returns E L(x) - k E L(G(z))."""
        generator_key, discriminator_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key)
        d = Passes(self.discriminator, discriminator, discriminator_key)
        fake = lax.stop_gradient(g(z))
        on_real, on_fake = l1(d(real), real), l1(d(fake), fake)
        metrics = {"reconstruction_real": on_real, "reconstruction_fake": on_fake}
        return on_real - k * on_fake, Aux(d.batch_stats, metrics)

    def generator_loss(
        self, generator: Player, discriminator: Player, z: Array, key: Array
    ) -> Loss:
        """Returns E L(G(z))."""
        generator_key, discriminator_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key)
        d = Passes(self.discriminator, lax.stop_gradient(discriminator), discriminator_key)
        fake = g(z)
        return l1(d(fake), fake), Aux(g.batch_stats, {})

    def step(self, state: BEGANState, batch: Batch, key: Array) -> tuple[BEGANState, Metrics]:
        """Updates both players at once, then k by the means over the global batch."""
        z_d_key, z_g_key, discriminator_key, generator_key = jax.random.split(key, 4)
        step, generator, discriminator, k = state
        optimizer = self.optimizer(self.learning_rate * self.schedule(step))
        real = core.images(batch, "image")
        z_d = self.prior(z_d_key, real.shape[0])
        z_g = self.prior(z_g_key, real.shape[0])
        update = descend(self.discriminator_loss, optimizer, "discriminator")
        new_discriminator, discriminator_metrics, _ = update(
            discriminator, generator, real, z_d, discriminator_key, k
        )
        update = descend(self.generator_loss, optimizer, "generator")
        new_generator, generator_metrics, _ = update(generator, discriminator, z_g, generator_key)
        on_real = discriminator_metrics["reconstruction_real"]
        balance = self.gamma * on_real - generator_metrics["generator_loss"]
        k = jnp.clip(k + self.lambda_k * balance, 0, 1)
        control = {"k": k, "convergence": on_real + jnp.abs(balance)}
        state = BEGANState(step + 1, new_generator, new_discriminator, k)
        return state, discriminator_metrics | generator_metrics | control

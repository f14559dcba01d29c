"""What the methods have in common whose generator climbs a critic."""

from typing import Any

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Aux, Batch, Condition, Loss, Metrics, Passes, Player
from gans_jax.methods.conditional import Conditional
from gans_jax.methods.states import WGANState
from gans_jax.schedules import Constant


class Wasserstein(Conditional):
    """The start, and the generator's update, of WGAN and WGAN-GP: line for line the same."""

    critic: nn.Module
    learning_rate: float
    optimizer: core.OptimizerFactory
    schedule: Any = Constant()
    batch_axis = 1

    def optimizer_at(self, step: chex.Numeric) -> optax.GradientTransformation:
        """Returns the optimizer of both players in iteration `step`."""
        return self.optimizer(self.learning_rate * self.schedule(step))

    def init(self, key: Array, batch: Batch) -> WGANState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the networks do not fit the batch.
        """
        players = self.create_players(key, batch, self.critic, self.optimizer_at(0))
        return WGANState(jnp.zeros((), jnp.int32), *players)

    def generator_loss(
        self, generator: Player, critic: Player, z: Array, key: Array, condition: Condition = ()
    ) -> Loss:
        """Returns -E f(g(z))."""
        generator_key, critic_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key, condition)
        f = Passes(self.critic, lax.stop_gradient(critic), critic_key, condition)
        on_fake, class_fake = core.judged(f(g(z)))
        return class_fake - core.mean_logit(on_fake), Aux(g.batch_stats, {})

    def update_generator(
        self, state: WGANState, critic: Player, num: int, key: Array, condition: Condition = ()
    ) -> tuple[Player, Metrics]:
        """Draws fresh noise, and takes one step down the generator's loss."""
        z_key, loss_key = jax.random.split(key)
        z = self.prior(z_key, num)
        update = core.descend(self.generator_loss, self.optimizer_at(state.step), "generator")
        return update(state.generator, critic, z, loss_key, condition)[:2]

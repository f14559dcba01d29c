"""Examples from noise, as every method with a generator makes them."""

import chex
import flax.linen as nn
import optax
from jax import Array
from jax.typing import ArrayLike

from gans_jax.core import MethodBase, OptimizerFactory, State, infer


class Generative(MethodBase):
    """`generate` and `sample` by the fields `prior` and `generator`, and the player of its name."""

    generator: nn.Module

    def generate(self, state: State, z: Array) -> Array:
        """Makes images from noise, `[n, size] -> [n, ...]`, with the running statistics."""
        return infer(self.generator, state.generator, z)

    def sample(self, state: State, key: Array, num: int, label: ArrayLike | None = None) -> Array:
        """Makes `num` examples; the first m of them equal `sample(state, key, m)`.

        Args:
          state: a state of the method.
          key: draws the noise and, in a conditional method without a label here, the labels.
          num: how many.
          label: the class of all examples or, `[num]`, of each.
        """
        return self.generate(state, *self.draw(key, num, label))


class TwoTimeScales(Generative):
    """The optimizers of a method whose discriminator may have a learning rate of its own."""

    learning_rate: float
    discriminator_learning_rate: float | None
    optimizer: OptimizerFactory

    def optimizers(
        self, step: chex.Numeric
    ) -> tuple[optax.GradientTransformation, optax.GradientTransformation]:
        """Returns the generator's and the discriminator's optimizer in iteration `step`."""
        own, factor = self.discriminator_learning_rate, self.schedule(step)
        rates = self.learning_rate, self.learning_rate if own is None else own
        generator, discriminator = (self.optimizer(rate * factor) for rate in rates)
        return generator, discriminator

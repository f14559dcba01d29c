"""Examples from noise and labels, in methods whose networks may take labels."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.typing import ArrayLike

from gans_jax import core, penalties
from gans_jax.core import Batch, Player, State
from gans_jax.methods.generative import Generative


class Conditional(Generative):
    """A method that is conditional if its two networks take labels, `__call__(self, x, label)`."""

    @property
    def classes(self) -> int:  # type: ignore[override]
        return core.classes(self.generator)

    def create_players(
        self,
        key: Array,
        batch: Batch,
        critic: nn.Module,
        optimizer: optax.GradientTransformation,
        critic_optimizer: optax.GradientTransformation | None = None,
    ) -> tuple[Player, Player]:
        """Returns the generator and its opponent, which fit a batch `[k, n, ...]` and its labels.

        Raises:
          ValueError: if the networks do not fit the batch, or the penalty not the opponent.
        """
        networks = self.generator, critic
        real = core.images(batch, "image")[0]
        labels = tuple(label[0] for label in core.condition(batch, *networks))
        players = core.create_pair(
            key, self.prior, real, *networks, optimizer, critic_optimizer, labels
        )
        if self.penalty is not None:
            penalties.refuse_coupling(critic, players[1].batch_stats)
        return players

    def draw(self, key: Array, num: int, label: ArrayLike | None = None) -> tuple[Array, ...]:
        """Draws noise `[num, size]`; of a conditional method also labels `[num]`, unless given.

        Args:
          key: the noise does not depend on whether labels are given.
          num: how many.
          label: one label for all, or `[num]`; without, all classes are equally likely.

        Raises:
          ValueError: for a label of another class or length, or in a method without labels.
        """
        if not self.classes:
            return super().draw(key, num, label)
        z_key, label_key = jax.random.split(key)
        if label is None:
            keys, count = core.example_keys(label_key, num), self.classes
            label = jax.vmap(lambda key: jax.random.randint(key, (), 0, count))(keys)
            return self.prior(z_key, num), label
        label = label if isinstance(label, Array) else np.asarray(label)
        core.refuse_other_labels(label, self.classes)
        if label.shape not in ((), (num,)):
            raise ValueError(
                f"labels of shape {label.shape} for {num} examples: give one label, or one for each"
            )
        return self.prior(z_key, num), jnp.broadcast_to(jnp.asarray(label), (num,))

    def generate(self, state: State, z: Array, label: Array | None = None) -> Array:
        """Makes images from noise `[n, size]` and labels `[n]` if it takes them, `-> [n, ...]`."""
        if (label is None) != (not self.classes):
            raise ValueError(
                f"{type(self.generator).__name__} takes labels: give one for each row of z"
                if self.classes
                else f"{type(self.generator).__name__} takes no labels: give it z alone"
            )
        condition = () if label is None else (label,)
        return core.infer(self.generator, state.generator, z, *condition)

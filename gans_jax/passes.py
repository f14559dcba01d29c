"""Several passes of one network in an update."""

from typing import Any

import flax.linen as nn
import jax
from jax import Array

from gans_jax.core import Player, apply


class Passes:
    """Passes of one player in training mode: each on the statistics that the one before left."""

    def __init__(self, network: nn.Module, player: Player, key: Array) -> None:
        self.network, self.player, self.key = network, player, key

    def __call__(self, *inputs: Any, method: str = "__call__") -> Any:
        self.key, key = jax.random.split(self.key)
        outputs, stats = apply(
            self.network, self.player, *inputs, train=True, key=key, method=method
        )
        self.player = self.player._replace(batch_stats=stats)
        return outputs

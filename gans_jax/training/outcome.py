"""What a dispatch tells the loop besides its state."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gans_jax import core, wrappers

# A leaf beside those of several processes' batches, a number on each device. No source's leaf has
# such a name.
SIGNAL = "gans_jax.signal"


class Told(NamedTuple):
    """Metrics, whether all are finite, and the largest signal to a process.

    The signal is None where the batch has none.
    """

    metrics: dict[str, jax.Array]
    finite: jax.Array
    signal: jax.Array | None


@dataclasses.dataclass(frozen=True)
class Judged(wrappers.Wrapper):
    """The method, whose step also tells whether all of its metrics are finite.

    One scalar crosses to the host for each iteration, and no metric that is not asked for; where
    there are several processes a second one, on which they agree when to stop.
    """

    def step(self, state: Any, batch: Any, key: jax.Array) -> tuple[Any, Told]:
        signal = batch.get(SIGNAL)
        batch = {name: leaf for name, leaf in batch.items() if name != SIGNAL}
        state, metrics = self.method.step(state, batch, key)
        finite = jnp.array([jnp.isfinite(value).all() for value in metrics.values()]).all()
        if signal is not None:
            signal = core.gather(signal.reshape(-1)).max()
        return state, Told(metrics, finite, signal)

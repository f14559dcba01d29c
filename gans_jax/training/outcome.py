"""What a dispatch returns besides the state, and the check that its metrics are finite."""

import dataclasses
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gans_jax import core, wrappers

# The leaf of a batch by which several processes tell each other of signals. No source has it.
SIGNAL = "gans_jax.signal"
# The endings of the metrics of a player's update.
PLAYERS = ("_loss", "_gradient_norm")


class Outcome(NamedTuple):
    """The metrics of a step, whether all are finite, and the largest signal to any process."""

    metrics: core.Metrics
    finite: jax.Array
    signal: jax.Array


@dataclasses.dataclass(frozen=True)
class with_outcome(wrappers.Wrapper):
    """The method with a step that returns an `Outcome`, of which the loop reads one scalar."""

    def step(self, state: core.State, batch: core.Batch, key: jax.Array) -> tuple[Any, Outcome]:
        signals = batch.get(SIGNAL, jnp.zeros(1, jnp.int32))
        examples = {name: leaf for name, leaf in batch.items() if name != SIGNAL}
        state, metrics = self.method.step(state, examples, key)
        if not isinstance(metrics, dict):
            kind = type(metrics).__name__
            raise TypeError(f"the metrics of a step are a dict, not a {kind}: name each of them")
        finite = jnp.array([jnp.isfinite(value).all() for value in metrics.values()]).all()
        return state, Outcome(metrics, finite, core.gather(signals.reshape(-1)).max())


def check_finite(
    values: dict[str, float], done: int, run: str, skip_nonfinite: int, blamed: str | None
) -> None:
    """Refuses metrics that are not finite, or as many skipped iterations as `skip_nonfinite` says.

    Every dispatch is checked, so that `done` is the first such iteration. The FloatingPointError
    names the player, and the run as `run` says, such as ` of seed 3`. `blamed` says what is wrong
    with the data, if that is known.
    """
    remedy = blamed or "lower the learning rate, or change what bounds the networks"
    remedy += "; the checkpoints before it are kept"
    if skip_nonfinite:
        if values["skipped_in_a_row"] >= skip_nonfinite:
            raise FloatingPointError(
                f"{values['skipped_in_a_row']:.0f} iterations{run} in a row up to iteration {done} "
                f"were skipped, since a loss or a gradient was not finite: {remedy}"
            )
        return
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if bad:
        name = next((name for name in bad if name.endswith(PLAYERS)), bad[0])
        player = name.removesuffix("_loss").removesuffix("_gradient_norm")
        raise FloatingPointError(
            f"{name}{run} is {values[name]} after iteration {done}, the first such iteration "
            f"(player {player}): {remedy}"
        )

"""A run in shapes alone, before anything is written: what a run would refuse later ends it here."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from gans_jax import core
from gans_jax.runs import folder
from gans_jax.runs.config import ConfigError
from gans_jax.runs.unfit import refused
from gans_jax.training.program import Program

# The names that a line of metrics has besides the metrics and the learning rates.
RESERVED = ("step", "seconds", "images_per_second", "input_wait")


def rehearse(program: Program) -> None:
    """Evaluates the shapes of an iteration, and refuses what the loop cannot log or save.

    Raises:
      ConfigError: if the networks, the method and the data do not fit, metrics are not scalars,
        learning rates are not numbers, or the step returns another state than it takes.
      DataError: if the data must be on the device, and cannot.
    """
    method = program.experiment.method
    name = type(method).__name__
    before = program.state_shapes
    with refused(f"{name} cannot train on these data"):
        after, outcome = program.step_shapes()
    if program.data_on_device == "yes":
        program.placement  # noqa: B018  (it refuses what cannot be)
    stacked = program.layout.stacked
    _check_same_state(name, before, after, stacked)
    _check_metrics(name, outcome.metrics, len(program.layout.seeds), stacked)
    with refused(f"the learning rates of {name} cannot be logged"):
        for rate in method.learning_rates(0).values():
            float(rate)
    wrapped = program.experiment.wrapped()
    if core.is_sampler(wrapped):
        make = functools.partial(wrapped.sample, num=program.experiment.samples)
        with refused(f"{name} cannot make samples"):
            jax.eval_shape(make, before, jax.random.key(0))


def check_batch(place: Path, program: Program) -> None:
    """Raises ConfigError unless the data give the batches that the run in a folder began with."""
    began, now = show_batch(folder.batch_shapes(place)), show_batch(program.feed.batch_shapes)
    if began != now:
        raise ConfigError(
            f"{place} began with batches of {began}, but its data now give {now}: restore the "
            "data, or train in another --workdir"
        )


def show_batch(batch: Mapping[str, Any]) -> str:
    """Returns the names, types and shapes of a batch."""
    return ", ".join(f"{name} {_show(batch[name])}" for name in sorted(batch))


def _check_same_state(name: str, before: Any, after: Any, stacked: bool) -> None:
    old, new = (dict(jax.tree_util.tree_leaves_with_path(tree)) for tree in (before, after))
    for path in [*old, *new]:
        here, there = _show(old.get(path)), _show(new.get(path), drop=stacked)
        if here != there:
            raise ConfigError(
                f"{name}.step takes state{jax.tree_util.keystr(path)} as {here} but returns it as "
                f"{there}: return the state with the shapes and types that `init` gives it"
            )
    structure: Any = jax.tree.structure(before)
    if structure != jax.tree.structure(after):
        raise ConfigError(f"{name}.step returns another type of state than `init`: make them agree")


def _check_metrics(name: str, metrics: core.Metrics, seeds: int, stacked: bool) -> None:
    for metric, value in metrics.items():
        if not isinstance(metric, str) or metric in RESERVED:
            raise ConfigError(
                f"{name} cannot name a metric {metric!r}: use another name, not one of "
                f"{', '.join(RESERVED)}"
            )
        real = jnp.issubdtype(value.dtype, jnp.bool_) or jnp.isdtype(value.dtype, "real floating")
        if value.shape != (seeds,) * stacked or not (real or jnp.isdtype(value.dtype, "integral")):
            raise ConfigError(
                f"the metric {metric!r} of {name} is {_show(value, drop=stacked)}, which cannot be "
                "logged: return a real scalar"
            )


def _show(leaf: Any, drop: bool = False) -> str:
    """Shows a leaf's type and shape, without the axis of seeds if that is to be dropped."""
    return "absent" if leaf is None else f"{leaf.dtype}{list(leaf.shape[int(drop) :])}"

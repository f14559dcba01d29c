"""What every method shares: players, one step of descent, and randomness of the global batch."""

from gans_jax.core.devices import (
    AXIS,
    bound_axis,
    devices,
    example_keys,
    gather,
    mean_over_devices,
)
from gans_jax.core.method import Batch, Method, Metrics, Player
from gans_jax.core.networks import (
    Passes,
    apply,
    as_float,
    create,
    create_pair,
    mean_logit,
    per_example,
    refuse_other_shape,
    takes_train,
)
from gans_jax.core.update import descend, micro_batches, repeat_update, unrolled

__all__ = [
    "AXIS",
    "Batch",
    "Method",
    "Metrics",
    "Passes",
    "Player",
    "apply",
    "as_float",
    "bound_axis",
    "create",
    "create_pair",
    "descend",
    "devices",
    "example_keys",
    "gather",
    "mean_logit",
    "mean_over_devices",
    "micro_batches",
    "per_example",
    "refuse_other_shape",
    "repeat_update",
    "takes_train",
    "unrolled",
]

"""The devices of a mapped program, and randomness of the global batch.

A method runs unchanged on one device or on many. On many it is a per-device program in which the
mapped axis is called `data`; the functions here find that axis by themselves, so that neither a
method nor a network has a field for it.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

AXIS = "data"

# The micro-batch that `descend` is at. It is a context of jax, which keeps a function traced in
# one of them out of the caches of another.
micro_batch = jax.make_user_context(None)


def bound_axis() -> str | None:
    """`"data"` inside a program mapped over devices, None elsewhere."""
    try:
        lax.axis_index(AXIS)
    except NameError:
        return None
    return AXIS


def devices() -> int:
    """Of how many devices a mapped program runs on; 1 elsewhere."""
    axis = bound_axis()
    return lax.axis_size(axis) if axis else 1


def mean_over_devices(tree: Any) -> Any:
    """The mean over the devices of a mapped program; the tree itself elsewhere."""
    axis = bound_axis()
    return lax.pmean(tree, axis) if axis else tree


def gather(tree: Any) -> Any:
    """The global batch from each device's part of it, along axis 0; the tree itself on one device.

    In a loss that couples examples its gradient is right if every device computes the whole loss,
    as the mean over the devices that `descend` takes expects.
    """
    axis = bound_axis()
    return lax.all_gather(tree, axis, tiled=True) if axis else tree


@dataclasses.dataclass(eq=False)  # equal to no other, so that no cache confuses them
class MicroBatch:
    index: Array
    count: int


def example_keys(key: Array, num: int) -> Array:
    """One key per example, `[num]`, by the example's place in the global batch.

    The keys are threefry whatever comes in: draws from the `rbg` keys that are common on TPU depend
    on how the batch is sharded.
    """
    # The first half of an rbg key's data is itself a threefry key, split and folded as such.
    threefry = jax.random.wrap_key_data(jax.random.key_data(key)[..., :2], impl="threefry2x32")
    part, place = lax.axis_index(AXIS) if bound_axis() else 0, micro_batch.value
    if place is not None:
        part = part * place.count + place.index
    return jax.vmap(jax.random.fold_in, (None, 0))(threefry, part * num + jnp.arange(num))

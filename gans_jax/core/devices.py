"""The devices of a mapped program, and randomness of the global batch.

A method runs unchanged on one device or on many. On many it is a per-device program in which the
mapped axis is called `data`; the functions here find that axis by themselves, so that neither a
method nor a network has a field for it.
"""

import dataclasses
import os
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax import Array, lax

AXIS = "data"
T = TypeVar("T")


@dataclasses.dataclass(eq=False)  # equal to no other, so that no cache confuses two of them
class MicroBatch:
    """The micro-batch that an update is at: its index, and how many there are."""

    index: Array | None
    count: int


# A context of jax, which keeps a function traced in one micro-batch out of the caches of another.
micro_batch = jax.make_user_context(None)


def missing_backend() -> str | None:
    """Returns why jax can compute on no device of this machine, or None where it can."""
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:  # the latter for `cuda` without its plugin
        reason = str(error).partition(". (set JAX_PLATFORMS")[0] or "its plugin is not installed"
        named = f"JAX_PLATFORMS={os.environ.get('JAX_PLATFORMS', '')}"
        return f"{named} cannot be used here ({reason}): unset it, or set JAX_PLATFORMS=cpu"
    return None


def bound_axis() -> str | None:
    """Returns `"data"` inside a program mapped over devices, None elsewhere."""
    try:
        lax.axis_index(AXIS)
    except NameError:
        return None
    return AXIS


def device_count() -> int:
    """Returns how many devices a mapped program runs on; 1 elsewhere."""
    axis = bound_axis()
    return lax.axis_size(axis) if axis else 1


def mean_over_devices(tree: T) -> T:
    """Averages a tree of arrays over the devices of a mapped program; elsewhere returns it."""
    axis = bound_axis()
    return lax.pmean(tree, axis) if axis else tree


def gather(tree: T) -> T:
    """Returns the global batch from each device's part of it, along axis 0.

    In a loss that couples examples the gradient is right if every device computes the whole loss,
    as the mean over the devices that `descend` takes expects. On one device the tree is returned as
    it is.
    """
    axis = bound_axis()
    return lax.all_gather(tree, axis, tiled=True) if axis else tree


def example_keys(key: Array, num: int) -> Array:
    """Returns one key per example, `[num]`, by the example's place in the global batch.

    The keys are threefry whatever comes in: draws from the `rbg` keys that are common on TPU depend
    on how the batch is sharded.
    """
    # The first half of an rbg key's data is itself a threefry key, split and folded as such.
    threefry = jax.random.wrap_key_data(jax.random.key_data(key)[..., :2], impl="threefry2x32")
    part: Array | int = lax.axis_index(AXIS) if bound_axis() else 0
    current: MicroBatch | None = micro_batch.value
    if current is not None and current.index is not None:
        part = part * current.count + current.index
    return jax.vmap(jax.random.fold_in, (None, 0))(
        threefry, part * num + jnp.arange(num, dtype=jnp.int32)
    )

"""What a method reads of a batch, and the errors of a batch that lacks it."""

from collections.abc import Mapping
from typing import Any, cast

import chex
import jax.numpy as jnp
from jax import Array

from gans_jax.core.method import Batch


def images(batch: Batch, name: str) -> Array:
    """Returns the images of a name in a batch, with uint8 as float32 in [-1, 1].

    Raises:
      ValueError: if the batch is no dictionary, lacks the name, or has other whole numbers than
        uint8 under it.
    """
    return as_float(entry(batch, name))


def entry(batch: Batch, name: str) -> Array:
    """Returns what a batch has under a name, as it is.

    Raises:
      ValueError: if the batch is no dictionary, or lacks the name.
    """
    given: Any = batch
    if not isinstance(given, Mapping):
        raise ValueError(
            f"a batch is a dictionary of arrays, and not of type {type(given).__name__}: "
            f"give {{{name!r}: ...}}"
        )
    if name not in batch:
        raise ValueError(
            f"the method reads {name!r} of a batch, which has {', '.join(map(repr, batch))}: "
            "let the batch, or the source that makes it, name it so"
        )
    return batch[name]


def as_float(images: chex.Array) -> Array:
    """Turns uint8 in 0..255 into float32 in [-1, 1]; floating-point images pass through unchanged.

    Raises:
      ValueError: for other whole numbers, whose range their type does not tell.
    """
    if images.dtype == jnp.uint8:
        return cast(Array, images.astype(jnp.float32) / 127.5 - 1)
    if not jnp.issubdtype(images.dtype, jnp.floating):
        raise ValueError(
            f"images of type {images.dtype} have no known range: give uint8 in 0..255, or floats "
            "in [-1, 1]"
        )
    return cast(Array, images)

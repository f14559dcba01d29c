"""How the leaves of a state lie in files, which hold numbers, and of an array at least one."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def is_key(leaf: Any) -> bool:
    """Returns whether a leaf, or the shape of one, consists of typed random keys."""
    return bool(jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))


def type_name(leaf: Any) -> str:
    """Returns the name of a leaf's type, such as `float32` or `key<fry>`."""
    return str(leaf.dtype) if is_key(leaf) else np.dtype(leaf.dtype).name


def pack(leaf: Any) -> np.ndarray:
    """Returns a leaf as an array for a file: a key's numbers, and one zero for an empty array."""
    numbers = np.asarray(jax.random.key_data(leaf) if is_key(leaf) else leaf)
    return numbers if numbers.size else np.zeros(1, numbers.dtype)


def blank(like: Any) -> np.ndarray:
    """Returns zeros with the shape and type of a packed leaf."""
    numbers = jax.eval_shape(jax.random.key_data, like) if is_key(like) else like
    return np.zeros(numbers.shape if numbers.size else 1, numbers.dtype)


def unpack(numbers: np.ndarray, like: Any) -> Any:
    """Returns the leaf that was packed; `like` has its shape and type."""
    if is_key(like):
        return jax.random.wrap_key_data(jnp.asarray(numbers), impl=_implementations()[like.dtype])
    return numbers if like.size else np.zeros(like.shape, numbers.dtype)


@functools.cache
def _implementations() -> dict[Any, str]:
    """Returns the names of jax's random number generators by the types of their keys."""
    names = ("threefry2x32", "rbg", "unsafe_rbg")
    return {jax.random.key(0, impl=name).dtype: name for name in names}

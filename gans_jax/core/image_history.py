"""A history of generated images (Shrivastava et al. 2017, arXiv:1612.07828, section 2.3).

The discriminator is shown images of earlier generators beside images of the latest, which keeps the
two from chasing each other in circles. The rule is CycleGAN's (Zhu et al. 2017, arXiv:1703.10593):
a history that is not yet full stores an image and gives it back; a full one gives back, with
probability 1/2, one of its images, whose place the new image takes, else the new image itself.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from gans_jax.core.devices import AXIS, bound_axis, example_keys, gather


class History(NamedTuple):
    """Stored images `[size, h, w, c]`, and the number of places filled (int32)."""

    images: Array
    count: Array  # type: ignore[assignment]  # hides tuple.count, which nobody calls


def create(size: int, like: Array) -> History:
    """Returns an empty history of images such as `like`, `[n, h, w, c]`; size 0 keeps nothing."""
    return History(jnp.zeros((size, *like.shape[1:]), like.dtype), jnp.zeros((), jnp.int32))


def draws(key: Array, num: int, size: int) -> tuple[Array, Array]:
    """Draws, per image of the global batch, whether to exchange it and for which stored image."""

    def draw(key: Array) -> tuple[Array, Array]:
        coin_key, place_key = jax.random.split(key)
        return jax.random.bernoulli(coin_key), jax.random.randint(place_key, (), 0, size)

    return jax.vmap(draw)(example_keys(key, num))


def _query_one(history: History, item: tuple[Array, Array, Array]) -> tuple[History, Array]:
    image, exchange, place = item
    size = history.images.shape[0]
    filling = history.count < size
    place = jnp.where(filling, history.count, place)
    stored = history.images[place]
    # One slot is written, with what it held if nothing is to change, so that a program that may
    # overwrite its state does not copy the whole history.
    images = history.images.at[place].set(jnp.where(filling | exchange, image, stored))
    returned = jnp.where(~filling & exchange, stored, image)
    return History(images, jnp.minimum(history.count + 1, size)), returned


def query(history: History, images: Array, key: Array) -> tuple[History, Array]:
    """Passes images `[n, h, w, c]` through the history, one after the other.

    On many devices the images of the global batch pass through in order, so that the history is the
    same everywhere; each device gets back the answers to its own images. No gradient passes.

    Returns:
      The history after the images, and the images that it gave back for them.
    """
    num, size = images.shape[0], history.images.shape[0]
    images = lax.stop_gradient(images)
    if size == 0:
        return history, images
    exchange, places = draws(key, num, size)
    items = gather((images.astype(history.images.dtype), exchange, places))
    history, returned = lax.scan(_query_one, history, items)
    if bound_axis():
        first = lax.axis_index(AXIS) * num
        returned = lax.dynamic_slice_in_dim(returned, first, num)
    return history, returned

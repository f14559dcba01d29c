"""Random changes of real images on the device: flips, crops and colour.

A change is a frozen dataclass that is called with one image `[h, w, c]` and a key. `augment` makes
changes of a batch, each image with the key of its place in the global batch, so that no draw
depends on the number of devices. A `Crop` takes images that the source made larger by a margin, and
the networks have the size of its windows.

>>> from gans_jax.augmentations import Colour, Crop, Flip, augment
>>> changes = (Crop(64), Flip(), Colour(brightness=0.2))
>>> images = jnp.zeros((8, 72, 72, 3), jnp.uint8)
>>> augment(images, jax.random.key(0), *changes).shape
(8, 64, 64, 3)

In a step of your own, before the step of a method:

>>> def step(method, state, batch, key):
...     image_key, step_key = jax.random.split(key)
...     image = augment(batch["image"], image_key, *changes)
...     return method.step(state, batch | {"image": image}, step_key)
"""

import dataclasses
from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax import Array, lax

from gans_jax import core
from gans_jax.core import checks

# A random change: an image `[h, w, c]`, uint8 or float in [-1, 1], and a key to an image.
Change: TypeAlias = Callable[[Array, Array], Array]


def augment(images: Array, key: Array, *changes: Change) -> Array:
    """Returns images `[n, h, w, c]` after the changes in turn, drawn for each image anew.

    Raises:
      ValueError: if there are no images, or they are smaller than a `Crop`.
    """
    if images.ndim != 4:
        raise ValueError(
            f"images to augment are [n, h, w, c], but these have the shape {list(images.shape)}: "
            "give minibatches one by one, or use jax.vmap with a key for each"
        )

    def changed(image: Array, image_key: Array) -> Array:
        keys = jax.random.split(image_key, len(changes))
        for change, own_key in zip(changes, keys, strict=True):
            image = change(image, own_key)
        return image

    return jax.vmap(changed)(images, core.example_keys(key, images.shape[0]))


@dataclasses.dataclass(frozen=True)
class Flip:
    """Mirrors the image, left to right, half of the time."""

    def __call__(self, image: Array, key: Array) -> Array:
        return jnp.where(jax.random.bernoulli(key), image[:, ::-1], image)


@dataclasses.dataclass(frozen=True)
class Crop:
    """Cuts a square window anywhere from the image.

    Attributes:
      size: its side in pixels.
    """

    size: int

    def __post_init__(self) -> None:
        checks.positive(size=self.size)

    def __call__(self, image: Array, key: Array) -> Array:
        height, width = image.shape[:2]
        if min(height, width) < self.size:
            raise ValueError(
                f"an image of {height}x{width} pixels has no window of {self.size}: "
                "make the source's images larger, or the crop smaller"
            )
        return window(image, key, self.size, self.size)


@dataclasses.dataclass(frozen=True)
class Colour:
    """Changes brightness, saturation and contrast, as `recoloured` does, within [-1, 1].

    The result is float32 for uint8 images.

    Attributes:
      brightness: the most that is added or subtracted.
      saturation: by how much the factor of the saturation differs from 1 at most.
      contrast: by how much the factor of the contrast differs from 1 at most.
    """

    brightness: float = 0.5
    saturation: float = 1.0
    contrast: float = 0.5

    def __post_init__(self) -> None:
        checks.not_negative(
            brightness=self.brightness, saturation=self.saturation, contrast=self.contrast
        )

    def __call__(self, image: Array, key: Array) -> Array:
        most = self.brightness, self.saturation, self.contrast
        return jnp.clip(recoloured(core.as_float(image)[:, :, None], key, *most)[:, :, 0], -1, 1)


def recoloured(
    images: Array,
    key: Array,
    brightness: float = 0.5,
    saturation: float = 1.0,
    contrast: float = 0.5,
) -> Array:
    """Returns images `[h, w, images, c]` of an example in other colours, not clipped.

    All of them get the same draws, each about its own means (Zhao et al. 2020, arXiv:2006.10738,
    whose ranges are the default).

    Args:
      images: float images.
      key: decides the draws.
      brightness: adds a number from -brightness to brightness.
      saturation: multiplies the distance from grey by 1 - saturation to 1 + saturation.
      contrast: multiplies the distance from the mean by 1 - contrast to 1 + contrast.
    """
    brightness_key, saturation_key, contrast_key = jax.random.split(key, 3)

    def draw(key: Array, middle: float, most: float) -> Array:
        return jax.random.uniform(key, (), images.dtype, middle - most, middle + most)

    x = images + draw(brightness_key, 0, brightness)
    gray = x.mean(axis=-1, keepdims=True)
    x = gray + draw(saturation_key, 1, saturation) * (x - gray)
    mean = x.mean(axis=(0, 1, 3), keepdims=True)
    return mean + draw(contrast_key, 1, contrast) * (x - mean)


def window(image: Array, key: Array, height: int, width: int) -> Array:
    """Returns a window `[height, width, ...]` from anywhere in an array `[h, w, ...]`."""
    sides = zip(jax.random.split(key), image.shape[:2], (height, width), strict=True)
    starts = [jax.random.randint(k, (), 0, whole - part + 1) for k, whole, part in sides]
    rest = image.shape[2:]
    return lax.dynamic_slice(image, (*starts, *(0 for _ in rest)), (height, width, *rest))

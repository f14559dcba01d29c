"""Sizes and random windows of the images of translation, which stay in memory once decoded."""

import dataclasses
import functools
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import TypeAlias

import numpy as np

from gans_jax.core import checks
from gans_jax.data.image import middle, resize, scaled
from gans_jax.data.order import Rng
from gans_jax.data.source import DataError, Shape, Source

Images: TypeAlias = Sequence[np.ndarray]

_LOCK = threading.Lock()  # not a field of Memory, because a lock cannot be copied with its source


@dataclasses.dataclass(frozen=True)
class Augment:
    """The random jitter of Isola et al. 2017 (arXiv:1611.07004, appendix 6.2), and of CycleGAN.

    The image is resized to `enlarge` times the size of the window that is then cut from it at a
    random place. With `flip` it is mirrored half of the time. The default makes 286 pixels of 256
    and 143 of 128, as the papers' code does. `Augment(enlarge=1, flip=False)` changes nothing and
    cuts the centre.

    Attributes:
      enlarge: how many times larger the image is than the window that is cut.
      flip: whether half of the windows are mirrored.
    """

    enlarge: float = 286 / 256
    flip: bool = True

    def __post_init__(self) -> None:
        if self.enlarge < 1:
            raise DataError(f"an image enlarged {self.enlarge} times holds no window: choose >= 1")

    def window(self, images: Images, size: int | None, rng: Rng | None) -> list[np.ndarray]:
        """Returns copies of the same window of all images.

        Args:
          images: arrays [h, w, c] that share height and width.
          size: the side of the window; None for the whole image.
          rng: draws the place and the mirroring; None for the centre, not mirrored.
        """
        height, width = images[0].shape[:2]
        rows, columns = (height, width) if size is None else (size, size)
        sides, window = (height, width), (rows, columns)
        top, left, step = place(sides, window, rng, move=self.enlarge > 1, flip=self.flip)
        cut = [image[top : top + rows, left : left + columns] for image in images]
        return [copy(image, step, np.empty(image.shape, image.dtype)) for image in cut]


def place(
    sides: tuple[int, int], window: tuple[int, int], rng: Rng | None, *, move: bool, flip: bool
) -> tuple[int, int, int]:
    """Returns where a window lies in an image: its first row and column, and a step of 1 or -1.

    Args:
      sides: the height and width of the image.
      window: the height and width of the window.
      rng: draws the place and the mirroring; None for the centre, not mirrored.
      move: whether the place is drawn.
      flip: whether the mirroring, a step of -1 along the columns, is drawn.
    """
    highest, widest = sides[0] - window[0], sides[1] - window[1]
    top, left, step = highest // 2, widest // 2, 1
    if rng is not None and move:
        top, left = int(rng.integers(highest + 1)), int(rng.integers(widest + 1))
    if rng is not None and flip:
        step -= 2 * int(rng.integers(2))
    return top, left, step


def copy(image: np.ndarray, step: int, new: np.ndarray) -> np.ndarray:
    """Copies an image [h, w, c] into `new`, mirrored if `step` is -1, and returns that."""
    if step == 1:
        new[...] = image
        return new
    # Mirrored columns are all pixels in the opposite order, if the rows are so already. NumPy
    # copies one channel of all pixels in a quarter of the time of all of a pixel together.
    channels = image.shape[-1]
    pixels, mirrored = image[::-1].reshape(-1, channels), new.reshape(-1, channels)
    for channel in range(channels):
        mirrored[:, channel] = pixels[::-1, channel]
    return new


class Memory:
    """Keeps arrays by key up to `limit` bytes; what comes when it is full is made anew each time.

    Nothing is thrown out. Every epoch visits all keys in a new order, in which an array used long
    ago is as likely to be next as any other.
    """

    def __init__(self, limit: int) -> None:
        self._kept: dict[Hashable, Images] = {}
        self._free = limit

    def get(self, key: Hashable, make: Callable[[], Images]) -> Images:
        """Returns the arrays of `key`, made by `make` unless they are kept; do not change them."""
        if key in self._kept:
            return self._kept[key]
        arrays = make()
        size = sum(array.nbytes for array in arrays)
        with _LOCK:
            if key not in self._kept and size <= self._free:
                self._kept[key] = arrays
                self._free -= size
        return arrays


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fitted:
    """Base of the sources that bring images to one size.

    The shorter side is resized to `size` times `augment.enlarge` (bicubic, antialiased), and a
    square window of `size` is cut: at a random place in a stream, from the centre for `source[i]`.

    Attributes:
      size: the side of the images; None keeps the size that each image has.
      augment: the random window and mirroring.
      cache: MiB of resized images that stay in memory, for each source and process; images beyond
        it are read again each time. 0 keeps no image.
    """

    size: int | None = None
    augment: Augment = Augment(enlarge=1.0, flip=False)
    cache: int = 512

    def __post_init__(self) -> None:
        checks.positive(size=self.size)
        if self.cache < 0:
            raise DataError(f"cache cannot be {self.cache} MiB: give 0 to keep no image")
        if self.size is None and self.augment.enlarge > 1:
            raise DataError("`augment` cuts a window of `size` pixels: give a `size`")

    @functools.cached_property
    def _memory(self) -> Memory:
        return Memory(self.cache * 2**20)

    def _fit(self, key: Hashable, read: Callable[[], Images], rng: Rng | None) -> list[np.ndarray]:
        """Returns one window of the images that `read` returns, resized as the first of them."""
        images = self._memory.get(key, lambda: self._resize(read()))
        return self.augment.window(images, self.size, rng)

    def _fitted_shape(self, shape: Shape) -> Shape:
        """Returns the shape that images [h, w, c] have after `_fit`."""
        height, width, channels = shape
        return self.size or height, self.size or width, channels

    def _resize(self, images: Images) -> Images:
        if self.size is None:
            return images
        parts = []
        for image in images:
            top, left, bottom, right = middle(image.shape[:2])
            parts.append(image[top:bottom, left:right])
        sides = scaled(parts[0].shape[:2], round(self.size * self.augment.enlarge))
        return [resize(part, *sides) for part in parts]


def read_image(source: Source, index: int) -> np.ndarray:
    """Returns the image of an example.

    Raises:
      DataError: if the example has no image, or one that is not uint8 [h, w, c].
    """
    image = source[index].get("image")
    if image is None:
        raise DataError(f"{type(source).__name__} has no images: choose a source that has")
    if image.dtype != np.uint8 or image.ndim != 3:
        raise DataError(
            f"{type(source).__name__} has examples {image.dtype} {list(image.shape)}: "
            "choose one with uint8 images [h, w, c]"
        )
    return image

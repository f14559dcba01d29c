"""Sizes and random windows of the images of translation, which are kept in memory once decoded."""

import dataclasses
import functools
import threading
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from gans_jax.core import checks
from gans_jax.data.image import resize, scaled
from gans_jax.data.source import DataError, Source

_LOCK = threading.Lock()  # not in a Memory, which is copied with its source


@dataclasses.dataclass(frozen=True)
class Augment:
    """Jitter of Isola et al. 2017 (arXiv:1611.07004, appendix 6.2), also of CycleGAN.

    The image is made larger by the factor `enlarge` than the window which is then cut from it at
    random, and with `flip` it is mirrored half of the time. The default makes 286 pixels of 256,
    and 143 of 128, as the papers' code does. `Augment(enlarge=1, flip=False)` keeps the centre.
    """

    enlarge: float = 286 / 256
    flip: bool = True

    def __post_init__(self) -> None:
        if self.enlarge < 1:
            raise DataError(f"an image enlarged {self.enlarge} times holds no window: choose >= 1")

    def window(
        self, images: Sequence[np.ndarray], size: int | None, rng: np.random.Generator | None
    ) -> list[np.ndarray]:
        """Copies of one window [size, size, c] of all images, which share height and width.

        Without `rng` it is the centre, without `size` the whole image.
        """
        height, width = images[0].shape[:2]
        rows, columns = (height, width) if size is None else (size, size)
        top, left, step = (height - rows) // 2, (width - columns) // 2, 1
        if rng is not None and self.enlarge > 1:
            top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
        if rng is not None and self.flip:
            step -= 2 * int(rng.integers(2))
        cut = [image[top : top + rows, left : left + columns] for image in images]
        return [np.array(image[:, ::step], order="C") for image in cut]


class Memory:
    """Arrays by key, at most `limit` bytes; what came when it was full is made anew each time.

    Nothing is thrown out: every epoch visits all keys in a new order, in which an array used long
    ago is as likely to be next as any other.
    """

    def __init__(self, limit: int) -> None:
        self._kept: dict[Hashable, Sequence[np.ndarray]] = {}
        self._free = limit

    def get(self, key: Hashable, make: Callable[[], Sequence[np.ndarray]]) -> Sequence[np.ndarray]:
        """What `make` returns, or returned for this key; not to be written to."""
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

    The shorter side is resized to `size` (bicubic, antialiased), enlarged as `augment` says, and a
    square window is cut: at random where a stream asks, the centre where `source[i]` is asked for.
    `size` None keeps the images' own. Up to `cache` MiB of resized images stay in memory, for each
    source and process; beyond that images are read again each time (0 keeps none).
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

    def _fit(
        self,
        key: Hashable,
        read: Callable[[], Sequence[np.ndarray]],
        rng: np.random.Generator | None,
    ) -> list[np.ndarray]:
        """One window of the images that `read` returns, resized to the shape of the first."""
        images = self._memory.get(key, lambda: self._resize(read()))
        return self.augment.window(images, self.size, rng)

    def _resize(self, images: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        if self.size is None:
            return images
        sides = scaled(images[0].shape[:2], round(self.size * self.augment.enlarge))
        return [resize(image, *sides) for image in images]


def read_image(source: Source, index: int) -> np.ndarray:
    """The image of an example; DataError unless it is uint8 [h, w, c]."""
    image = source[index].get("image")
    if image is None:
        raise DataError(f"{type(source).__name__} has no images: choose a source that has")
    if image.dtype != np.uint8 or image.ndim != 3:
        raise DataError(
            f"{type(source).__name__} has examples {image.dtype} {list(image.shape)}: "
            "choose one with uint8 images [h, w, c]"
        )
    return image

"""Geometry of images, shared by the sources."""

import numpy as np
from PIL import Image

from gans_jax.data.source import DataError

LONGEST = 32


def fit_square(image: Image.Image, size: int) -> Image.Image:
    """Resizes the shorter side to `size` (bicubic with antialiasing), then cuts the centre."""
    if image.size == (size, size):
        return image
    left, top, right, bottom = box = middle(image.size)
    sides = scaled((right - left, bottom - top), size)
    return crop_centre(image.resize(sides, Image.Resampling.BICUBIC, box), size)


def middle(sides: tuple[int, int]) -> tuple[int, int, int, int]:
    """Returns the box (left, top, right, bottom) of an image's middle part.

    It is at most `LONGEST` times as long as wide, which for nearly all images is the whole. A long
    strip of few pixels would otherwise fill the memory when its shorter side is enlarged.
    """
    most = LONGEST * min(sides)
    # An even number of pixels is cut, so that the centre stays where it is.
    cuts = [max(0, side - most + 1) // 2 for side in sides]
    return cuts[0], cuts[1], sides[0] - cuts[0], sides[1] - cuts[1]


def scaled(sides: tuple[int, int], shorter: int) -> tuple[int, int]:
    """Returns two sides of the same proportion, the shorter of which is `shorter`."""
    first, second = (max(shorter, round(side * shorter / min(sides))) for side in sides)
    return first, second


def crop_centre(image: Image.Image, size: int) -> Image.Image:
    """Returns the central `size` x `size` pixels of an image that is at least as large."""
    left, top = ((side - size) // 2 for side in image.size)
    return image.crop((left, top, left + size, top + size))


def to_array(image: Image.Image) -> np.ndarray:
    """Returns the pixels of a grey, RGB or RGBA image as uint8 [h, w, c]."""
    pixels = np.array(image, np.uint8)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def from_array(pixels: np.ndarray) -> Image.Image:
    """Returns the image whose pixels are uint8 [h, w, c]."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes pixels uint8 [h, w, c] to [height, width, c], bicubic with antialiasing."""
    return to_array(from_array(pixels).resize((width, height), Image.Resampling.BICUBIC))


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Rounds float images in [-1, 1] to the nearest of 0..255; values outside are clipped."""
    return np.clip(np.rint((np.asarray(images, np.float64) + 1) * 127.5), 0, 255).astype(np.uint8)


def pad_square(images: np.ndarray, size: int) -> np.ndarray:
    """Surrounds images [n, h, w, c] with zeros, evenly, up to [n, size, size, c].

    Raises:
      DataError: if the images are larger than `size`, or the zeros cannot be split evenly.
    """
    height, width = images.shape[1:3]
    if max(height, width) > size or (size - height) % 2 or (size - width) % 2:
        raise DataError(
            f"{height}x{width} images cannot be padded evenly to {size}x{size}: "
            "choose a `size` that is larger by an even number"
        )
    rows, columns = (size - height) // 2, (size - width) // 2
    return np.pad(images, ((0, 0), (rows, rows), (columns, columns), (0, 0)))

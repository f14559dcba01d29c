"""Pictures as PNG and GIF files."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gans_jax.core import files
from gans_jax.data.image import from_array


def to_png(picture: np.ndarray) -> bytes:
    """Encodes a uint8 picture `[h, w, 1 or 3]` as the content of a PNG file."""
    content = io.BytesIO()
    from_array(picture).save(content, "PNG")
    return content.getvalue()


def save(path: Path, picture: np.ndarray) -> None:
    """Writes a uint8 picture `[h, w, 1 or 3]` as a PNG file, as a whole or not at all."""
    files.write(path, to_png(picture))


def enlarged(picture: np.ndarray, side: int) -> np.ndarray:
    """Repeats the pixels of a small picture as often as its longer side fits into `side`."""
    times = max(1, side // max(picture.shape[:2]))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def save_moving(path: Path, frames: Sequence[np.ndarray], seconds: float) -> None:
    """Writes uint8 pictures of one shape as a GIF file that shows them there and back, for ever.

    Args:
      path: the file, which is written as a whole or not at all.
      frames: the pictures `[h, w, 1 or 3]`.
      seconds: how long each is shown.
    """
    first, *others = [from_array(frame) for frame in [*frames, *frames[-2:0:-1]]]
    content = io.BytesIO()
    duration = round(1000 * seconds)
    first.save(content, "GIF", save_all=True, append_images=others, duration=duration, loop=0)
    files.write(path, content.getvalue())

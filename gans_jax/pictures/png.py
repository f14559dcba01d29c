"""Pictures as PNG files."""

import io
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

"""The images of any source at one small size, in a temporary file."""

import tempfile
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gans_jax.data.augment import read_image
from gans_jax.data.image import fit_square, from_array, to_array
from gans_jax.data.prefetch import CORES
from gans_jax.data.source import DataError, Source

SIDE = 32
BLOCK = 1000  # images that are in memory at a time


class Thumbnails:
    """The images of a source at 32x32 pixels in colour, which were read once, in their order.

    They lie in a temporary file (3,072 bytes an image, in the folder that TMPDIR names) and not in
    memory. `thumbnails[rows]`, for a slice or an array of indices, are images uint8
    `[n, 32, 32, 3]`. The file vanishes with the object.

    Args:
      source: a source with images, whose shorter sides are resized and whose centres are cut.

    Raises:
      DataError: if the source raises it, has no examples, or has examples that are not uint8 images
        of one or three channels.
    """

    def __init__(self, source: Source) -> None:
        self._shape = (len(source), SIDE, SIDE, 3)
        if not len(source):
            raise DataError("there are no images: give a source that has some")
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, it is closed with this object
        weakref.finalize(self, self._file.close)
        for block in _read(source):
            self._file.write(block.tobytes())
        self._file.flush()

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        # Mapped anew each time, so that pages which were read before do not fill the memory.
        return np.array(np.memmap(self._file, np.uint8, "r", shape=self._shape)[rows])

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yields all images in blocks, each with the index of its first image."""
        for start in range(0, len(self), BLOCK):
            yield start, self[start : start + BLOCK]


def _read(source: Source) -> Iterator[np.ndarray]:
    """Yields the images in blocks; each core decodes a part of a block."""

    def read(indices: np.ndarray) -> np.ndarray:
        return np.stack([_small(read_image(source, int(index))) for index in indices])

    with ThreadPoolExecutor(CORES) as threads:
        for start in range(0, len(source), BLOCK):
            indices = np.arange(start, min(start + BLOCK, len(source)))
            parts = np.array_split(indices, min(CORES, len(indices)))
            yield np.concatenate([*threads.map(read, parts)])


def _small(image: np.ndarray) -> np.ndarray:
    if image.shape[-1] not in (1, 3):
        raise DataError(
            f"images with {image.shape[-1]} channels have no known colours: give 1 or 3"
        )
    if image.shape[:2] != (SIDE, SIDE):
        image = to_array(fit_square(from_array(image), SIDE))
    return np.broadcast_to(image, (SIDE, SIDE, 3))

"""MNIST's own file format."""

import dataclasses
import functools
import gzip
import hashlib
import math
import zlib

import numpy as np

from gans_jax.core import files
from gans_jax.data import fetched
from gans_jax.data.image import pad_square
from gans_jax.data.source import DataError, InMemory, Shape, missing, shown

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08


@dataclasses.dataclass(frozen=True)
class IDX(InMemory):
    """Images and labels in IDX files, the format of MNIST, Fashion-MNIST, KMNIST and EMNIST.

    Examples: `image` uint8 [h, w, 1]; `label` int32 if `labels` is given.

    Attributes:
      images: the path of the images, gzipped or not.
      labels: the path of the labels, gzipped or not; None for examples without labels.
      size: the side to which images are surrounded with zeros. Digits of 28x28 pixels fit networks
        that halve the image five times with size 32.

    Raises (at first use):
      DataError: if a file is missing, truncated or not an IDX file, or if the counts differ.
    """

    images: str
    labels: str | None = None
    size: int | None = None

    def shapes(self) -> dict[str, Shape]:
        image = self.size, self.size, 1
        return {"image": image} if self.labels is None else {"image": image, "label": ()}

    def fingerprint(self) -> str:
        """Returns a digest of the images and labels, whether gzipped or not."""
        digest = hashlib.sha256()
        for name, values in self.arrays.items():
            digest.update(f"{name} {values.shape} ".encode())
            digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()

    @functools.cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        image = read_idx(self.images, axes=3)[..., None]
        if self.size is not None:
            image = pad_square(image, self.size)
        if self.labels is None:
            return {"image": image}
        label = read_idx(self.labels, axes=1).astype(np.int32)
        if len(label) != len(image):
            raise DataError(
                f"{self.images} holds {len(image)} images and {self.labels} {len(label)} labels: "
                "give files of the same split"
            )
        return {"image": image, "label": label}


def read_idx(path: str, axes: int) -> np.ndarray:
    """Returns the uint8 array of an IDX file with `axes` dimensions.

    The file has two zero bytes, the element type, the number of axes, the length of each axis as a
    big-endian 32-bit integer, then the elements in row-major order.

    Raises:
      DataError: if the file is missing, truncated, or has another format or number of axes.
    """
    content = _read(path)
    if len(content) < 4 or content[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise DataError(f"{path} is not an IDX file of unsigned bytes: give the original download")
    if content[3] != axes:
        raise DataError(
            f"{path} has {content[3]} axes where {axes} are expected: "
            "give images (3 axes) and labels (1 axis) in that order"
        )
    start = 4 + 4 * axes
    shape = tuple(int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    if len(content) != start + math.prod(shape):
        raise DataError(
            f"{path} has {len(content)} bytes where its header {shape} needs "
            f"{start + math.prod(shape)}: download it again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _read(path: str) -> bytes:
    try:
        with files.open_regular(fetched.local(path)) as file:
            content = file.read()
        return gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content
    except FileNotFoundError as error:
        raise missing("file", path) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{shown(path)} cannot be read ({error}): download it again") from error
    except OSError as error:
        name, reason = shown(path), error.strerror
        raise DataError(f"{name} cannot be read ({reason}): mend this and try again") from error

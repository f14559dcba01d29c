"""A folder of image files."""

import dataclasses
import errno
import functools
import os
import struct
import zlib
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from gans_jax.core import checks
from gans_jax.data import skipping
from gans_jax.data.image import crop_centre, fit_square, to_array
from gans_jax.data.skipping import BadExample, OnBad, Skipped
from gans_jax.data.source import DataError, Example, Shape, check_choice, digest_of_files

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
PNG_BIT_DEPTH = 24
DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
# The system's errors that stay with a file. An error of another kind may be gone the next time.
LASTING = (None, errno.ENOENT, errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.EINVAL)


@dataclasses.dataclass(frozen=True)
class ImageFolder:
    """All images under `path`, decoded when they are asked for.

    Examples are sorted by their paths relative to `path`. Links are followed, each real folder is
    read once, and names that begin with a dot are ignored. Orientation tags are applied, palettes
    become colours, transparent pixels are laid on white, and an animation gives its first picture.

    Examples: `image` uint8 [size, size, channels]; `label` int32, the index in `classes`, if every
    file lies in a first-level folder.

    Attributes:
      path: the folder; subfolders are searched too.
      size: the shorter side is resized to it (bicubic, antialiased) and the centre is cut; None
        keeps the pixels of the file.
      channels: 1 for grey images, 3 for RGB.
      crop: the side of a central square that is cut before resizing (DCGAN's CelebA has crop 108
        and size 64).
      on_bad: with "skip", the next readable image takes the place of an unreadable one, as
        `Skipped` describes, and `skipped` lists the images skipped so far.

    Raises (at first use):
      DataError: if the folder is missing or has no image, or an image is unreadable, has 16
        bits per channel (8 would lose some), or is smaller than `crop`; with "skip", if more than
        one image in a hundred is bad.
    """

    path: str
    size: int | None = 64
    channels: Literal[1, 3] = 3
    crop: int | None = None
    on_bad: OnBad = dataclasses.field(default="raise", metadata=skipping.LATER)

    def __post_init__(self) -> None:
        checks.positive(size=self.size, crop=self.crop)
        check_choice("channels", self.channels, (1, 3))
        check_choice("on_bad", self.on_bad, ("raise", "skip"))

    @functools.cached_property
    def files(self) -> tuple[str, ...]:
        """Paths relative to `path`, with forward slashes, sorted."""
        if not os.path.isdir(self.path):
            raise DataError(f"the folder {self.path} is missing: check the path")
        files = tuple(sorted(_walk(Path(self.path))))
        if not files:
            raise DataError(f"{self.path} holds no image: put {', '.join(SUFFIXES)} files there")
        return files

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the first-level folders, sorted; () if a file lies directly under `path`."""
        parts = [PurePosixPath(file).parts for file in self.files]
        return tuple(sorted({p[0] for p in parts})) if all(len(p) > 1 for p in parts) else ()

    def __len__(self) -> int:
        return len(self.files)

    def fingerprint(self) -> str:
        return digest_of_files(self.path, self.files)

    def shapes(self) -> dict[str, Shape]:
        return {"image": (self.size, self.size, self.channels)}

    @functools.cached_property
    def _reader(self) -> Skipped:
        return Skipped(self.on_bad, len(self))

    @property
    def skipped(self) -> tuple[str, ...]:
        """The reason for each file that was skipped so far, in the order of the files."""
        return self._reader.listed

    def __getitem__(self, index: int) -> Example:
        return self._reader.read(index, self._read)

    def _read(self, index: int) -> Example:
        file = self.files[index]
        path = Path(self.path, file)
        image = decode(path, self.channels)
        if self.crop is not None:
            if min(image.size) < self.crop:
                raise BadExample(f"{path} has {image.size} pixels: choose a `crop` that fits")
            image = crop_centre(image, self.crop)
        if self.size is not None:
            image = fit_square(image, self.size)
        example = {"image": to_array(image)}
        if self.classes:
            example["label"] = np.array(self.classes.index(PurePosixPath(file).parts[0]), np.int32)
        return example


def _walk(root: Path) -> list[str]:
    """Returns the relative paths of the images under `root`, unsorted."""
    seen, found = set(), []
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_refuse):
        real = os.path.realpath(folder)
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        found += [
            Path(folder, name).relative_to(root).as_posix()
            for name in names
            if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        ]
    return found


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be listed ({error.strerror}): check its permissions")


def decode(path: Path, channels: int) -> Image.Image:
    """Returns the upright grey (1 channel) or RGB image in a file.

    Raises:
      BadExample: if the file holds anything but an image of 8 bits per channel.
      DataError: if the system fails to read the file.
    """
    try:
        with path.open("rb") as file:
            header = file.read(PNG_BIT_DEPTH + 1)
            if _sixteen_bits(header):
                raise BadExample(f"{path} has 16 bits per channel: convert it to 8 bits first")
            file.seek(0)
            with Image.open(file, formats=FORMATS) as image:
                return _flatten(ImageOps.exif_transpose(image), channels)
    except DataError:
        raise
    except DECODING_ERRORS as error:
        lasting = not isinstance(error, OSError) or error.errno in LASTING
        kind = BadExample if lasting else DataError
        raise kind(f"{path} cannot be read ({error}): replace or remove it") from error


def _sixteen_bits(header: bytes) -> bool:
    # PNG is the only format here that can have 16 bits. Pillow reads such files in colour as 8
    # bits without a warning, so that only the header of the file tells.
    return header.startswith(PNG_MAGIC) and header[PNG_BIT_DEPTH:] == b"\x10"


def _flatten(image: Image.Image, channels: int) -> Image.Image:
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("L" if channels == 1 else "RGB")

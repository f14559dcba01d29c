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
from gans_jax.data.source import DataError

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
# Of the system's errors, those that a file has by itself; others may be gone the next time.
LASTING = (None, errno.ENOENT, errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.EINVAL)


@dataclasses.dataclass(frozen=True)
class ImageFolder:
    """All images under `path`, decoded when asked for.

    The order is that of the paths relative to `path`. Links are followed, each real folder is
    read once, and names that begin with a dot are skipped. The shorter side is resized to
    `size` (bicubic, antialiased) and the centre is kept; `crop` first cuts that many central
    pixels from the original (DCGAN's CelebA: crop 108, size 64). `size` None keeps the pixels of
    the file. Orientation tags are applied, palettes become colours, transparency is laid on white,
    and of an animation the first picture is taken.

    With `on_bad="skip"` the next readable image takes the place of one that is not, as `Skipped`
    says; `skipped` lists those met so far.

    Examples: `image` uint8 [size, size, channels]; `label` int32, the index in `classes`, where
    every file lies in a first-level folder.

    Raises (at first use):
      DataError: if the folder is missing or has no image, or an image is unreadable, has 16
        bits per channel (8 would lose some), or is smaller than `crop`; with "skip", if more than
        one in a hundred is bad.
    """

    path: str
    size: int | None = 64
    channels: Literal[1, 3] = 3
    crop: int | None = None
    on_bad: OnBad = dataclasses.field(default="raise", metadata=skipping.LATER)

    def __post_init__(self):
        checks.positive(size=self.size, crop=self.crop)
        skipping.check(self.on_bad)
        if self.channels not in (1, 3):
            raise DataError(f"images cannot have {self.channels!r} channels: choose 1 or 3")

    @functools.cached_property
    def files(self) -> tuple[str, ...]:
        """Paths relative to `path`, with forward slashes, sorted."""
        if not os.path.isdir(self.path):
            raise DataError(f"there is no folder {self.path}: check the path")
        files = tuple(sorted(_walk(Path(self.path))))
        if not files:
            raise DataError(f"{self.path} holds no image: put {', '.join(SUFFIXES)} files there")
        return files

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the first-level folders, sorted; () where a file lies in none."""
        parts = [PurePosixPath(file).parts for file in self.files]
        return tuple(sorted({p[0] for p in parts})) if all(len(p) > 1 for p in parts) else ()

    def __len__(self) -> int:
        return len(self.files)

    @functools.cached_property
    def _reader(self) -> Skipped:
        return Skipped(self.on_bad, len(self))

    @property
    def skipped(self) -> tuple[str, ...]:
        """Why each file was skipped that was, in the order of the files."""
        return self._reader.listed

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return self._reader.read(index, self._read)

    def _read(self, index: int) -> dict[str, np.ndarray]:
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
    """Relative paths of the images under `root`, in no particular order."""
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
    """The upright grey (1 channel) or RGB image in a file.

    BadExample if it holds no such image of 8 bits; DataError if the system fails to read it.
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
        kind = BadExample if getattr(error, "errno", None) in LASTING else DataError
        raise kind(f"{path} cannot be read ({error}): replace or remove it") from error


def _sixteen_bits(header: bytes) -> bool:
    # Of the formats read here only PNG can have 16 bits, and Pillow reads those in colour as
    # 8 bits without a word: the file's own header is the one place that tells.
    return header.startswith(PNG_MAGIC) and header[PNG_BIT_DEPTH:] == b"\x10"


def _flatten(image: Image.Image, channels: int) -> Image.Image:
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("L" if channels == 1 else "RGB")

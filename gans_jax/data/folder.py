"""A folder of image files."""

import collections
import dataclasses
import functools
import os
import warnings
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from gans_jax.core import checks
from gans_jax.data import fetched, skipping
from gans_jax.data.decoding import SUFFIXES, decode
from gans_jax.data.image import crop_centre, fit_square, to_array
from gans_jax.data.skipping import BadExample, OnBad, Skipped
from gans_jax.data.source import (
    DataError,
    Example,
    Shape,
    check_choice,
    digest_of_files,
    missing,
    shown,
)

# Files that systems put into folders on their own, beside those whose names begin with a dot.
LITTER = ("thumbs.db", "ehthumbs.db", "desktop.ini")
SPLITS = ("train", "test")
NAMED = 5  # how many suffixes of left out files a warning names


class LeftOutWarning(UserWarning):
    """A folder of images holds files that are not read."""


class MixedSplitsWarning(UserWarning):
    """A folder of images is read whole, although it holds a training and a test set."""


@dataclasses.dataclass(frozen=True)
class ImageFolder:
    """All images under `path`, decoded when they are asked for.

    PNG, JPEG, WebP, BMP, GIF, TIFF and PPM files are read, if their suffix is one of theirs; a
    `LeftOutWarning` counts the other files. Examples are sorted by their paths relative to `path`.
    Links are followed, each real folder is read once, and names that begin with a dot are ignored.
    Orientation tags are applied, palettes become colours, transparent pixels are laid on white, and
    of an animation or several pages the first picture is taken.

    Examples: `image` uint8 [size, size, channels]; `label` int32, the index in `classes`, if every
    file lies in a first-level folder.

    Attributes:
      path: the folder, or its address in an object store, which is then copied to this machine;
        subfolders are searched too.
      size: the shorter side is resized to it (bicubic, antialiased) and the centre is cut; None
        keeps the pixels of the file.
      channels: 1 for grey images, 3 for RGB.
      crop: the side of a central square that is cut before resizing (DCGAN's CelebA has crop 108
        and size 64).
      on_bad: with "skip", the next readable image takes the place of an unreadable one, as
        `Skipped` describes, and `skipped` lists the images skipped so far.

    Raises (at first use):
      DataError: if the folder is missing or has no image, or an image is unreadable, has more than
        8 bits per channel (8 would lose some), or is smaller than `crop`; with "skip", if more than
        one image in a hundred is bad, or the system fails to read one that may be good.
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
    def root(self) -> str:
        """The folder on this machine: `path`, or the copy of what an object store has there."""
        return fetched.local(self.path)

    @functools.cached_property
    def files(self) -> tuple[str, ...]:
        """Paths relative to `path`, with forward slashes, sorted."""
        if not os.path.isdir(self.root):
            raise missing("folder", self.path)
        found = _walk(Path(self.root))
        files = tuple(sorted(file for file in found if file.lower().endswith(SUFFIXES)))
        others = set(found) - set(files)
        if not files:
            kinds = ", ".join(SUFFIXES)
            if others:
                raise DataError(
                    f"{shown(self.path)} holds no image that is read, but {_counted(others)}: "
                    f"convert the images among them to one of {kinds}"
                )
            raise DataError(f"{shown(self.path)} holds no image: put {kinds} files there")
        if others:
            warnings.warn(
                f"left out of {shown(self.path)}: {_counted(others)} (only {', '.join(SUFFIXES)} "
                "are read)",
                LeftOutWarning,
                stacklevel=2,
            )
        if {*SPLITS} <= {file.partition("/")[0] for file in files}:
            warnings.warn(
                f"{shown(self.path)} has the folders train and test, and the images of both are "
                f"read: give {shown(os.path.join(self.path, 'train'))} to keep the others unseen",
                MixedSplitsWarning,
                stacklevel=2,
            )
        return files

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the first-level folders, sorted; () if a file lies directly under `path`."""
        parts = [PurePosixPath(file).parts for file in self.files]
        return tuple(sorted({p[0] for p in parts})) if all(len(p) > 1 for p in parts) else ()

    def __len__(self) -> int:
        return len(self.files)

    def fingerprint(self) -> str:
        return digest_of_files(self.root, self.files)

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
        path = Path(self.root, file)
        image = decode(path, self.channels)
        if self.crop is not None:
            if min(image.size) < self.crop:
                width, height = image.size
                raise BadExample(
                    f"{shown(path)} has {width}x{height} pixels: choose a `crop` that fits"
                )
            image = crop_centre(image, self.crop)
        if self.size is not None:
            image = fit_square(image, self.size)
        example = {"image": to_array(image)}
        if self.classes:
            example["label"] = np.array(self.classes.index(PurePosixPath(file).parts[0]), np.int32)
        return example


def _walk(root: Path) -> list[str]:
    """Returns the relative paths of the files under `root`, unsorted."""
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
            if not name.startswith(".") and name.lower() not in LITTER
        ]
    return found


def _refuse(error: OSError) -> None:
    name = shown(error.filename)
    raise DataError(f"{name} cannot be listed ({error.strerror}): mend this and try again")


def _counted(files: Collection[str]) -> str:
    """Returns how many files of each suffix there are, such as `3 .heic, 1 .txt`."""
    kinds = collections.Counter(PurePosixPath(file).suffix.lower() for file in sorted(files))
    listed = [
        f"{number} {shown(kind) or 'without a suffix'}" for kind, number in kinds.most_common(NAMED)
    ]
    return ", ".join([*listed, *["..."] * (len(kinds) > NAMED)])

"""Aligned pairs of images, from files."""

import dataclasses
import functools
import os
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal

import numpy as np

from gans_jax.core import Direction
from gans_jax.data import fetched, skipping
from gans_jax.data.augment import Fitted
from gans_jax.data.folder import SPLITS, ImageFolder
from gans_jax.data.order import Rng, generator, shuffled
from gans_jax.data.skipping import BadExample, OnBad, Skipped
from gans_jax.data.source import (
    AnySource,
    DataError,
    Example,
    Shape,
    Shaped,
    check_choice,
    fingerprint,
    shown,
)

SQUARES = 1.8, 2.25  # a file with two halves is about twice as wide as high
SAME_PROPORTIONS = 0.02  # by how much rounding can change the proportions of a small copy


class Paired:
    """Base of the sources of pairs. A subclass defines `pair` and `__len__`."""

    has_truth = True  # source[i]["b"] is what the translation of source[i]["a"] should be

    def pair(self, index: int, rng: Rng | None = None) -> Example:
        """Returns the pair at `index`, altered by draws from `rng`; the same each time without."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, index: int) -> Example:
        return self.pair(index)

    def draw(self, seed: int, position: int) -> Example:
        """Returns the pair at a position of the endless stream of `seed`."""
        return self.pair(shuffled(len(self), seed, position), generator(seed, position))


@dataclasses.dataclass(frozen=True)
class PairedFolder(Paired, Fitted):
    """Pairs of image files: side by side in one file, or under one name in two folders.

    Files are read as `ImageFolder` reads them, and resized and cut as `Fitted` describes. Both
    images of a pair get the same window and the same mirroring; if their sizes differ, B is resized
    to the size of A.

    Examples: `a` and `b`, uint8 [size, size, channels].

    Attributes:
      path: the folder of the pairs, or of the images A if there is a `path_b`.
      path_b: the folder of the images B, which have the same relative paths as the images A up to
        the suffix. None if each file shows A in its left half and B in its right half, both about
        square, as in the data sets of pix2pix.
      direction: "a_to_b" gives examples with `a` = A and `b` = B, "b_to_a" exchanges them. pix2pix
        translates facades in this direction, from the labels at the right to the photo at the left.
      channels: 1 for grey images, 3 for RGB.
      on_bad: with "skip", the next good pair takes the place of a pair with a bad image, as
        `Skipped` describes, and `skipped` lists the pairs skipped so far.

    Raises (at first use):
      DataError: if a folder is missing or empty, an image is unreadable or has more than 8 bits
        per channel, a file has no partner, a file with two halves has an odd width or is not about
        twice as wide as high, or two partners have other proportions (other sizes, without `size`);
        if the folder has two unpaired domains, or a training and a test set; with "skip", if more
        than one pair in a hundred is bad.
    """

    path: str
    path_b: str | None = None
    direction: Direction = "a_to_b"
    channels: Literal[1, 3] = 3
    on_bad: OnBad = dataclasses.field(default="raise", metadata=skipping.LATER)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("direction", self.direction, ("a_to_b", "b_to_a"))
        ImageFolder(self.path, channels=self.channels, on_bad=self.on_bad)  # checks both values

    @functools.cached_property
    def _folders(self) -> tuple[ImageFolder, ...]:
        paths = (self.path,) if self.path_b is None else (self.path, self.path_b)
        root = fetched.local(self.path)
        if all(os.path.isdir(os.path.join(root, name)) for name in ("trainA", "trainB")):
            raise DataError(
                f"{shown(self.path)} has trainA and trainB, two domains without partners: train on "
                "data.UnpairedFolders, as experiments/translation/cyclegan_folders.py does"
            )
        if all(os.path.isdir(os.path.join(root, name)) for name in SPLITS):
            raise DataError(
                f"{shown(self.path)} has the folders train and test, which are not to be mixed: "
                f"give {shown(os.path.join(self.path, 'train'))}"
            )
        return tuple(ImageFolder(path, size=None, channels=self.channels) for path in paths)

    @functools.cached_property
    def files(self) -> tuple[tuple[int, ...], ...]:
        """For each pair, the index of its file in each folder."""
        if self.path_b is None:
            return tuple((index,) for index in range(len(self._folders[0])))
        of_a, of_b = map(by_name, self._folders)
        if alone := sorted(of_a.keys() ^ of_b.keys()):
            folder = 0 if alone[0] in of_a else 1
            where = self._where(folder, (of_a | of_b)[alone[0]])
            lacking = (self.path_b, self.path)[folder]
            raise DataError(f"{where} has no partner in {shown(lacking)}: add it, or remove it")
        return tuple((of_a[name], of_b[name]) for name in sorted(of_a))

    def __len__(self) -> int:
        return len(self.files)

    def fingerprint(self) -> str:
        return str(fingerprint(self._folders))

    def shapes(self) -> dict[str, Shape]:
        return dict.fromkeys(("a", "b"), (self.size, self.size, self.channels))

    def pair(self, index: int, rng: Rng | None = None) -> Example:
        def read(place: int) -> list[np.ndarray]:
            return self._fit(place, lambda: self._read(self.files[place]), rng)

        images = self._reader.read(index, read)
        a, b = images if self.direction == "a_to_b" else reversed(images)
        return {"a": a, "b": b}

    @functools.cached_property
    def _reader(self) -> Skipped:
        return Skipped(self.on_bad, len(self))

    @property
    def skipped(self) -> tuple[str, ...]:
        """The reason for each pair that was skipped so far, in the order of the pairs."""
        return self._reader.listed

    def _read(self, files: tuple[int, ...]) -> Sequence[np.ndarray]:
        images = [f[i]["image"] for f, i in zip(self._folders, files, strict=True)]
        if self.path_b is None:
            return self._halves(images[0], files[0])
        (height_a, width_a), (height_b, width_b) = (image.shape[:2] for image in images)
        stretch = (width_a * height_b) / (width_b * height_a)
        same = (height_a, width_a) == (height_b, width_b)
        if not same and (self.size is None or abs(stretch - 1) > SAME_PROPORTIONS):
            raise BadExample(
                f"{self._where(0, files[0])} has {width_a}x{height_a} pixels and "
                f"{self._where(1, files[1])} {width_b}x{height_b}: "
                + ("give a `size`" if self.size is None else "cut both to the same view")
            )
        return images

    def _halves(self, image: np.ndarray, index: int) -> Sequence[np.ndarray]:
        height, width = image.shape[:2]
        if not SQUARES[0] <= width / height <= SQUARES[1]:
            raise BadExample(
                f"{self._where(0, index)} has {width}x{height} pixels, and two images side by side "
                "have about twice the width of their height: put the images A and B into two "
                "folders, and give `path_b`"
            )
        half, rest = divmod(width, 2)
        if rest:
            raise BadExample(
                f"{self._where(0, index)} has the odd width {width}, so no two halves: "
                "put both images side by side in one file, or give `path_b`"
            )
        return image[:, :half], image[:, half:]

    def _where(self, folder: int, index: int) -> str:
        found = self._folders[folder]
        return shown(f"{found.path}/{found.files[index]}")


def by_name(folder: ImageFolder) -> dict[str, int]:
    """Returns the index of each of a folder's files by its relative path without suffix.

    Raises:
      DataError: if two files differ in their suffix alone.
    """
    found: dict[str, int] = {}
    for index, file in enumerate(folder.files):
        name = PurePosixPath(file).with_suffix("").as_posix()
        if name in found:
            raise DataError(
                f"{shown(folder.path)} has both {shown(folder.files[found[name]])} and "
                f"{shown(file)}: remove one"
            )
        found[name] = index
    return found


@dataclasses.dataclass(frozen=True)
class Unaligned:
    """The pairs of a source taken apart: `a` and `b` have orders, windows and draws of their own.

    This is how CycleGAN's paper trains on maps and facades. True partners remain in the data, so
    that translations can be scored: `source[i]` is a true pair.

    Examples: `a` and `b`, as in `source`.

    Attributes:
      source: a `PairedFolder` or a task.
    """

    source: AnySource
    has_truth = True

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Example:
        return self.source[index]

    def shapes(self) -> dict[str, Shape]:
        return self.source.shapes() if isinstance(self.source, Shaped) else {}

    def draw(self, seed: int, position: int) -> Example:
        """Returns `a` and `b` at a position of the endless stream of `seed`."""
        example = {}
        for order, name in enumerate(("a", "b")):
            index = shuffled(len(self), seed, position, order)
            example[name] = self.source.pair(index, generator(seed, position, order))[name]
        return example

"""Aligned pairs of images, from files."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np

from gans_jax.data import skipping
from gans_jax.data.augment import Fitted
from gans_jax.data.folder import ImageFolder
from gans_jax.data.skipping import BadExample, OnBad, Skipped
from gans_jax.data.source import DataError, generator, shuffled

SAME_PROPORTIONS = 0.02  # what rounding does to the sides of a small copy


class Paired:
    """Base of the sources of pairs, which define `pair` and `__len__`."""

    def pair(self, index: int, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
        """The pair at `index`, altered by the draws of `rng`; without one always the same."""
        raise NotImplementedError

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return self.pair(index)

    def draw(self, seed: int, position: int) -> dict[str, np.ndarray]:
        """The pair at a position of the endless stream of `seed`."""
        return self.pair(shuffled(len(self), seed, position), generator(seed, position))


@dataclasses.dataclass(frozen=True)
class PairedFolder(Paired, Fitted):
    """Pairs of image files: side by side in one file, or under one name in two folders.

    Without `path_b`, each file under `path` shows A in its left half and B in its right one, as in
    the data sets of pix2pix. With it, A is a file under `path`, and B the one under `path_b` with
    the same relative path up to the suffix; of a pair of different sizes B takes that of A.
    Examples have `a` = A and `b` = B; `direction="b_to_a"` exchanges them (pix2pix translates
    facades in this direction, from the labels at the right to the photo at the left). Files are
    read as `ImageFolder` reads them; size, window and memory are those of `Fitted`. The window and
    the mirroring of a pair are the same for both.

    With `on_bad="skip"` the next good pair takes the place of one with a bad image, as `Skipped`
    says; `skipped` lists those met so far.

    Examples: `a` and `b`, uint8 [size, size, channels].

    Raises (at first use):
      DataError: if a folder is missing or empty, an image is unreadable or has 16 bits per channel,
        a file has no partner, a file with two halves has an odd width, or two partners have other
        proportions (other sizes, without `size`); with "skip", if more than one pair in a hundred
        is bad.
    """

    path: str
    path_b: str | None = None
    direction: Literal["a_to_b", "b_to_a"] = "a_to_b"
    channels: Literal[1, 3] = 3
    on_bad: OnBad = dataclasses.field(default="raise", metadata=skipping.LATER)

    def __post_init__(self) -> None:
        super().__post_init__()
        skipping.check(self.on_bad)
        if self.direction not in ("a_to_b", "b_to_a"):
            raise DataError(
                f"there is no direction {self.direction!r}: choose 'a_to_b' or 'b_to_a'"
            )
        ImageFolder(self.path, channels=self.channels)  # refuses other channels

    @functools.cached_property
    def _folders(self) -> tuple[ImageFolder, ...]:
        paths = (self.path,) if self.path_b is None else (self.path, self.path_b)
        return tuple(ImageFolder(path, size=None, channels=self.channels) for path in paths)

    @functools.cached_property
    def files(self) -> tuple[tuple[int, ...], ...]:
        """Of each pair, the index of its file in each folder."""
        if self.path_b is None:
            return tuple((index,) for index in range(len(self._folders[0])))
        of_a, of_b = map(by_name, self._folders)
        if alone := sorted(of_a.keys() ^ of_b.keys()):
            folder = 0 if alone[0] in of_a else 1
            where = self._where(folder, (of_a | of_b)[alone[0]])
            lacking = (self.path_b, self.path)[folder]
            raise DataError(f"{where} has no partner in {lacking}: add it, or remove the file")
        return tuple((of_a[name], of_b[name]) for name in sorted(of_a))

    def __len__(self) -> int:
        return len(self.files)

    def pair(self, index: int, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
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
        """Why each pair was skipped that was, in their order."""
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
        half, rest = divmod(image.shape[1], 2)
        if rest:
            raise BadExample(
                f"{self._where(0, index)} has the odd width {image.shape[1]}, so no two halves: "
                "put both images side by side in one file, or give `path_b`"
            )
        return image[:, :half], image[:, half:]

    def _where(self, folder: int, index: int) -> str:
        found = self._folders[folder]
        return f"{found.path}/{found.files[index]}"


def by_name(folder: ImageFolder) -> dict[str, int]:
    """Indices of a folder's files by their relative path without suffix."""
    found: dict[str, int] = {}
    for index, file in enumerate(folder.files):
        name = PurePosixPath(file).with_suffix("").as_posix()
        if name in found:
            raise DataError(
                f"{folder.path} has both {folder.files[found[name]]} and {file}: remove one"
            )
        found[name] = index
    return found


@dataclasses.dataclass(frozen=True)
class Unaligned:
    """The pairs of `source` taken apart: `a` and `b` have orders, windows and draws of their own.

    This is how CycleGAN's paper trains on maps and facades. True partners remain in the data, so
    that translations can be scored: `source[i]` is a true pair.

    Examples: `a` and `b` as in `source`, a `PairedFolder` or a task.
    """

    source: Any

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return self.source[index]

    def draw(self, seed: int, position: int) -> dict[str, np.ndarray]:
        """`a` and `b` at a position of the endless stream of `seed`."""
        example = {}
        for order, name in enumerate(("a", "b")):
            index = shuffled(len(self), seed, position, order)
            example[name] = self.source.pair(index, generator(seed, position, order))[name]
        return example

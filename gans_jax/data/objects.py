"""Objects pasted on backgrounds: two domains whose objects differ, with exact masks."""

import dataclasses
import fnmatch
import functools
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from gans_jax.core import checks
from gans_jax.data import fetched
from gans_jax.data.augment import read_image
from gans_jax.data.decoding import decode
from gans_jax.data.folder import ImageFolder
from gans_jax.data.image import resize, to_array
from gans_jax.data.order import Rng, generator, shuffled
from gans_jax.data.source import (
    AnySource,
    DataError,
    Example,
    Shape,
    Source,
    digest_of_files,
    known_shape,
    shown,
)


@dataclasses.dataclass(frozen=True)
class Side:
    """One side of a source of pairs, `a` or `b`, as a source of single images.

    Examples: `image`, the array `name` of the pair.

    Attributes:
      source: a source of pairs.
      name: the side, "a" or "b".
    """

    source: AnySource
    name: Literal["a", "b"] = "a"

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Example:
        return {"image": self.source[index][self.name]}

    def shapes(self) -> dict[str, Shape]:
        return {"image": known_shape(self.source, self.name)}


@dataclasses.dataclass(frozen=True)
class CutOuts:
    """The image files under `path` whose names match one of `patterns`, with their transparency.

    Python's `fnmatch` compares each pattern with the file's name, without its folders. All files
    are decoded at the first use, and stay in memory.

    Examples: `image`, uint8 [h, w, 4], the last channel from 0, transparent, to 255.

    Attributes:
      path: the folder of the images.
      patterns: of the files' names, as in a shell.

    Raises (at first use):
      DataError: if the folder is missing, no name matches, or a file is unreadable or opaque.
    """

    path: str
    patterns: tuple[str, ...] = ("*",)

    @functools.cached_property
    def files(self) -> tuple[str, ...]:
        """Paths relative to `path`, with forward slashes, sorted."""
        files = tuple(
            file
            for file in ImageFolder(self.path).files
            if any(fnmatch.fnmatch(PurePosixPath(file).name, each) for each in self.patterns)
        )
        if not files:
            patterns = " or ".join(self.patterns)
            raise DataError(f"{shown(self.path)} has no file {patterns}: check both")
        return files

    @functools.cached_property
    def images(self) -> tuple[np.ndarray, ...]:
        """All images, in the order of their paths."""
        return tuple(_read_cut_out(Path(fetched.local(self.path), file)) for file in self.files)

    def fingerprint(self) -> str:
        return digest_of_files(fetched.local(self.path), self.files)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Example:
        return {"image": self.images[index].copy()}


def _read_cut_out(path: Path) -> np.ndarray:
    pixels = to_array(decode(path, 4))
    if pixels[..., 3].min() == 255:
        raise DataError(f"{shown(path)} is opaque all over: choose images with transparency")
    return pixels


@dataclasses.dataclass(frozen=True)
class PastedObjects:
    """Two domains of photos that differ in an object alone, as Attention-GAN expects them.

    An example of `a` is a background with one object of `objects_a` pasted on it, at a place drawn
    anywhere within the image and mirrored half of the time. `b` has a background, an object of
    `objects_b`, and draws of its own. Both domains use all backgrounds, each in an order of its
    own. The masks are exact: an image is `mask * object + (1 - mask) * background`. `source[i]` has
    background i in both domains, and always the same objects and places.

    Examples: `a` and `b`, uint8 [size, size, 3]; `mask_a` and `mask_b`, uint8 [size, size, 1], 255
    where the object covers the background.

    Attributes:
      backgrounds: a source of images [size, size, 3].
      objects_a: a source of images [h, w, 4], such as `CutOuts`, for the domain a.
      objects_b: another one, for the domain b.
      size: the side of the images.
      smallest, largest: the longer side of an object takes a share of `size` drawn between these.

    Raises (at first use):
      DataError: if one of the sources raises it, a background is not [size, size, 3], or an object
        is not [h, w, 4].
    """

    backgrounds: AnySource
    objects_a: AnySource
    objects_b: AnySource
    size: int = 64
    smallest: float = 0.35
    largest: float = 0.6

    def __post_init__(self) -> None:
        checks.positive(size=self.size)
        if not 0 < self.smallest <= self.largest <= 1:
            raise DataError(
                f"objects cannot take {self.smallest} to {self.largest} of a side: "
                "choose shares with 0 < smallest <= largest <= 1"
            )

    def __len__(self) -> int:
        return len(self.backgrounds)

    def shapes(self) -> dict[str, Shape]:
        image, mask = (self.size, self.size, 3), (self.size, self.size, 1)
        return {"a": image, "b": image, "mask_a": mask, "mask_b": mask}

    def __getitem__(self, index: int) -> Example:
        if not 0 <= index < len(self):
            raise IndexError(f"example {index} is not one of the {len(self)}: count from 0")
        return self._example((index, index), (generator(0, index, 0), generator(0, index, 1)))

    def draw(self, seed: int, position: int) -> Example:
        """Returns the example at a position of the endless stream of `seed`."""
        indices = tuple(shuffled(len(self), seed, position, order) for order in (0, 1))
        return self._example(indices, tuple(generator(seed, position, order) for order in (0, 1)))

    def _example(self, indices: tuple[int, ...], rngs: tuple[Rng, ...]) -> Example:
        objects = self.objects_a, self.objects_b
        (a, mask_a), (b, mask_b) = map(self._paste, indices, objects, rngs)
        return {"a": a, "b": b, "mask_a": mask_a, "mask_b": mask_b}

    def _paste(self, index: int, objects: Source, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
        """Returns the background at `index` with a drawn object on it, and the object's mask."""
        background = read_image(self.backgrounds, index)
        if background.shape != (self.size, self.size, 3):
            raise DataError(
                f"background {index} has the shape {list(background.shape)}: "
                f"give the source of backgrounds the size {self.size} and 3 channels"
            )
        layer = self._place(read_image(objects, int(rng.integers(len(objects)))), rng)
        share = layer[..., 3:].astype(np.float32) / 255
        pasted = share * layer[..., :3] + (1 - share) * background
        return np.rint(pasted).astype(np.uint8), layer[..., 3:].copy()

    def _place(self, cut_out: np.ndarray, rng: Rng) -> np.ndarray:
        """Returns a transparent image, uint8 [size, size, 4], with the object at a random place."""
        if cut_out.shape[2] != 4:
            raise DataError(
                f"an object has {cut_out.shape[2]} channels, not 4: choose images with transparency"
            )
        scale = rng.uniform(self.smallest, self.largest) * self.size / max(cut_out.shape[:2])
        height, width = (max(1, round(side * scale)) for side in cut_out.shape[:2])
        top, left = rng.integers(self.size - height + 1), rng.integers(self.size - width + 1)
        step = 1 - 2 * int(rng.integers(2))
        layer = np.zeros((self.size, self.size, 4), np.uint8)
        layer[top : top + height, left : left + width] = resize(cut_out, height, width)[:, ::step]
        return layer

"""Two domains of images without partners."""

import dataclasses
import functools
import os
from typing import Literal

import numpy as np

from gans_jax.data import fetched, skipping
from gans_jax.data.augment import Fitted, read_image
from gans_jax.data.digits import Digits
from gans_jax.data.folder import ImageFolder
from gans_jax.data.order import Rng, generator, shuffled
from gans_jax.data.skipping import OnBad
from gans_jax.data.source import (
    AnySource,
    Example,
    InMemory,
    Shape,
    Source,
    fingerprint,
    known_shape,
    missing,
)

INK, PAPER = (20, 40, 140), (250, 210, 60)


class _Domains(Fitted):
    """Base of the sources of two domains, which a stream shuffles independently.

    A subclass defines `a` and `b`, the sources of the domains, whose examples have an `image`.
    """

    a: AnySource
    b: AnySource

    def __len__(self) -> int:
        return max(len(self.a), len(self.b))

    def __getitem__(self, index: int) -> Example:
        if not 0 <= index < len(self):
            raise IndexError(f"example {index} is not one of the {len(self)}: count from 0")
        return {
            "a": self._image("a", index % len(self.a)),
            "b": self._image("b", index % len(self.b)),
        }

    def draw(self, seed: int, position: int) -> Example:
        """Returns `a` and `b` at a position of the endless stream of `seed`."""
        a, b = shuffled(len(self.a), seed, position, 0), shuffled(len(self.b), seed, position, 1)
        return {
            "a": self._image("a", a, generator(seed, position, 0)),
            "b": self._image("b", b, generator(seed, position, 1)),
        }

    def _image(self, name: Literal["a", "b"], index: int, rng: Rng | None = None) -> np.ndarray:
        source = self.a if name == "a" else self.b
        (image,) = self._fit((name, index), lambda: [read_image(source, index)], rng)
        return image


@dataclasses.dataclass(frozen=True)
class Unpaired(_Domains):
    """Two sources of images, each in an order of its own.

    Each domain is shuffled anew whenever all its images have been used, so that they are used
    equally often. An epoch (`len`) is the larger domain; the smaller one begins again within it.
    Windows and mirroring are independent. `source[i]` is the i-th image of both, counted from the
    start again in the smaller domain. For TensorFlow Datasets:

        Unpaired(TFDS("cycle_gan/horse2zebra", "trainA"), TFDS("cycle_gan/horse2zebra", "trainB"))

    Examples: `a` and `b`, uint8 [size, size, c].

    Attributes:
      a: a source of images, the first domain.
      b: a source of images, the second domain.

    Raises (at first use):
      DataError: if one of the two sources raises it, or its examples are not uint8 images.
    """

    a: AnySource
    b: AnySource

    def shapes(self) -> dict[str, Shape]:
        a, b = (self._fitted_shape(known_shape(source, "image")) for source in (self.a, self.b))
        return {"a": a, "b": b}


@dataclasses.dataclass(frozen=True)
class UnpairedFolders(_Domains):
    """The folders `trainA` and `trainB` under `path` (`testA` and `testB` with `split="test"`).

    Files are read as `ImageFolder` reads them, also with `on_bad="skip"`, in each domain by itself,
    and streamed as `Unpaired` says.

    Examples: `a` and `b`, uint8 [size, size, channels].

    Attributes:
      path: the folder that holds the two.
      split: the beginning of their names, such as "train".
      channels: 1 for grey images, 3 for colour.
      on_bad: whether an unreadable image is an error ("raise") or left out ("skip").

    Raises (at first use):
      DataError: if one of the folders is missing or empty, or an image is unreadable or has more
        than 8 bits per channel.
    """

    path: str
    split: str = "train"
    channels: Literal[1, 3] = 3
    on_bad: OnBad = dataclasses.field(default="raise", metadata=skipping.LATER)

    def __post_init__(self) -> None:
        super().__post_init__()
        ImageFolder(self.path, channels=self.channels, on_bad=self.on_bad)  # checks both values

    @functools.cached_property
    def a(self) -> ImageFolder:
        """The images of `trainA`, in their original size."""
        return self._folder("A")

    @functools.cached_property
    def b(self) -> ImageFolder:
        """The images of `trainB`, in their original size."""
        return self._folder("B")

    def fingerprint(self) -> str:
        return str(fingerprint((self.a, self.b)))

    def shapes(self) -> dict[str, Shape]:
        return dict.fromkeys(("a", "b"), (self.size, self.size, self.channels))

    def _folder(self, domain: str) -> ImageFolder:
        name = self.split + domain
        path = os.path.join(fetched.local(self.path), name)
        if not os.path.isdir(path):
            both = f"{self.split}A and {self.split}B"
            raise missing(
                "folder", os.path.join(self.path, name), f"put unpaired images into {both}"
            )
        return ImageFolder(path, size=None, channels=self.channels, on_bad=self.on_bad)

    @property
    def skipped(self) -> tuple[str, ...]:
        """The reason for each file that was skipped so far, first in domain a, then in b."""
        return self.a.skipped + self.b.skipped


@dataclasses.dataclass(frozen=True)
class _Images(InMemory):
    images: np.ndarray

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {"image": self.images}


@dataclasses.dataclass(frozen=True)
class DigitDomains(_Domains):
    """The embedded digits in two colourings: `a` white on black, `b` blue on yellow.

    In `train`, 2,000 digits are in `a` and another 2,000 in `b`. In `test`, both hold the same
    1,000, so that `source[i]["b"]` is what the translation of `source[i]["a"]` should be.

    Examples: `a` and `b`, uint8 [32, 32, 3] unless `size` is given. The digits have a margin of two
    pixels.

    Attributes:
      split: the training digits, or the test digits, whose two sides are true pairs.
    """

    split: Literal["train", "test"] = "train"

    @property
    def has_truth(self) -> bool:
        """Whether `source[i]` is a true pair."""
        return self.split == "test"

    @functools.cached_property
    def a(self) -> Source:
        """The digits of the first domain."""
        return _Images(np.repeat(self._digits(0), 3, axis=-1))

    @functools.cached_property
    def b(self) -> Source:
        """The digits of the second domain."""
        share = self._digits(1) / 255
        painted = share * np.array(INK) + (1 - share) * np.array(PAPER)
        return _Images(np.rint(painted).astype(np.uint8))

    def _digits(self, first: int) -> np.ndarray:
        images = Digits(self.split, size=32).arrays["image"]
        return images[first::2] if self.split == "train" else images

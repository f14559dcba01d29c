"""Two domains of images without partners."""

import dataclasses
import functools
import os
from typing import Any, Literal

import numpy as np

from gans_jax.data import skipping
from gans_jax.data.augment import Fitted, read_image
from gans_jax.data.digits import Digits
from gans_jax.data.folder import ImageFolder
from gans_jax.data.skipping import OnBad
from gans_jax.data.source import DataError, InMemory, Source, generator, shuffled

INK, PAPER = (20, 40, 140), (250, 210, 60)


class _Domains(Fitted):
    """The stream of the sources `a` and `b`."""

    a: Source
    b: Source

    def __len__(self) -> int:
        return max(len(self.a), len(self.b))

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        if not 0 <= index < len(self):
            raise IndexError(f"there is no example {index} of {len(self)}")
        return {name: self._image(name, index % len(getattr(self, name))) for name in ("a", "b")}

    def draw(self, seed: int, position: int) -> dict[str, np.ndarray]:
        """`a` and `b` at a position of the endless stream of `seed`."""
        example = {}
        for order, name in enumerate(("a", "b")):
            index = shuffled(len(getattr(self, name)), seed, position, order)
            example[name] = self._image(name, index, generator(seed, position, order))
        return example

    def _image(self, name: str, index: int, rng: np.random.Generator | None = None) -> np.ndarray:
        source = getattr(self, name)
        (image,) = self._fit((name, index), lambda: [read_image(source, index)], rng)
        return image


@dataclasses.dataclass(frozen=True)
class Unpaired(_Domains):
    """Two sources of images, each in an order of its own.

    Each domain is shuffled anew whenever it has been gone through, so that all its images are used
    equally often; an epoch (`len`) is the larger domain, in which the smaller one begins again.
    Windows and mirroring are independent. `source[i]` is the i-th image of both, counted from the
    start again in the smaller domain. For TensorFlow Datasets:

        Unpaired(TFDS("cycle_gan/horse2zebra", "trainA"), TFDS("cycle_gan/horse2zebra", "trainB"))

    Examples: `a` and `b`, uint8 [size, size, c].

    Raises (at first use):
      DataError: what the two sources raise, or if their examples are not uint8 images.
    """

    a: Any
    b: Any


@dataclasses.dataclass(frozen=True)
class UnpairedFolders(_Domains):
    """The folders `trainA` and `trainB` under `path` (`testA` and `testB` for another `split`).

    Files are read as `ImageFolder` reads them, also with `on_bad="skip"`, in each domain by itself,
    and streamed as `Unpaired` says.

    Examples: `a` and `b`, uint8 [size, size, channels].

    Raises (at first use):
      DataError: if one of the folders is missing or empty, or an image is unreadable or has 16 bits
        per channel.
    """

    path: str
    split: str = "train"
    channels: Literal[1, 3] = 3
    on_bad: OnBad = dataclasses.field(default="raise", metadata=skipping.LATER)

    def __post_init__(self) -> None:
        super().__post_init__()
        ImageFolder(self.path, channels=self.channels, on_bad=self.on_bad)  # refuses unknown values

    @functools.cached_property
    def a(self) -> ImageFolder:
        """The images of `trainA`, of their own size."""
        return self._folder("A")

    @functools.cached_property
    def b(self) -> ImageFolder:
        """The images of `trainB`, of their own size."""
        return self._folder("B")

    def _folder(self, domain: str) -> ImageFolder:
        path = os.path.join(self.path, self.split + domain)
        if not os.path.isdir(path):
            both = f"{self.split}A and {self.split}B"
            raise DataError(f"there is no folder {path}: unpaired images lie in {both}")
        return ImageFolder(path, size=None, channels=self.channels, on_bad=self.on_bad)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Why each file was skipped that was, those of the first domain first."""
        return self.a.skipped + self.b.skipped


@dataclasses.dataclass(frozen=True)
class _Images(InMemory):
    arrays: dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class DigitDomains(_Domains):
    """The embedded digits in two colourings: `a` white on black, `b` blue on yellow.

    In `train`, 2,000 digits are in `a` and another 2,000 in `b`. In `test`, both hold the same
    1,000, so that `source[i]["b"]` is what the translation of `source[i]["a"]` should be.

    Examples: `a` and `b`, uint8 [32, 32, 3] unless `size` is given. The digits have a margin of two
    pixels.
    """

    split: Literal["train", "test"] = "train"

    @functools.cached_property
    def a(self) -> Source:
        """The digits of the first domain."""
        return _Images({"image": np.repeat(self._digits(0), 3, axis=-1)})

    @functools.cached_property
    def b(self) -> Source:
        """The digits of the second domain."""
        share = self._digits(1) / 255
        painted = share * np.array(INK) + (1 - share) * np.array(PAPER)
        return _Images({"image": np.rint(painted).astype(np.uint8)})

    def _digits(self, first: int) -> np.ndarray:
        images = Digits(self.split, size=32).arrays["image"]
        return images[first::2] if self.split == "train" else images

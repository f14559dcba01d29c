"""Pairs made from single images: `b` is the image, `a` a corrupted copy of the same shape.

Each task wraps a source of images, such as `ImageFolder(path, size=None)` or `Digits(size=32)`, and
defines a pure function `corrupt(image, rng)` of uint8 [h, w, c]. In a stream, each visit of an
image has draws of its own; `task[i]` always has the same. Images are resized and cut as `Fitted`
describes.
"""

import dataclasses

import numpy as np
from PIL import Image, ImageDraw

from gans_jax.core import checks
from gans_jax.data.augment import Fitted, read_image
from gans_jax.data.image import from_array, resize, to_array
from gans_jax.data.order import Rng, generator
from gans_jax.data.pairs import Paired
from gans_jax.data.source import AnySource, DataError, Example, Shape, known_shape

GREY = 127


@dataclasses.dataclass(frozen=True)
class Task(Paired, Fitted):
    """Base of the tasks. A subclass defines `corrupt`.

    Examples: `a` and `b`, uint8 [size, size, c] with the channels of the source.

    Attributes:
      source: the source of the images.

    Raises (at first use):
      DataError: if the source raises it, or its examples are not uint8 images.
    """

    source: AnySource

    def corrupt(self, image: np.ndarray, rng: Rng) -> np.ndarray:
        """Returns the input of the task whose answer is `image`."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.source)

    def shapes(self) -> dict[str, Shape]:
        return dict.fromkeys(("a", "b"), self._fitted_shape(known_shape(self.source, "image")))

    def pair(self, index: int, rng: Rng | None = None) -> Example:
        (b,) = self._fit(index, lambda: [read_image(self.source, index)], rng)
        rng = generator(0, index) if rng is None else rng
        return {"a": self.corrupt(b, rng), "b": b}


@dataclasses.dataclass(frozen=True)
class Colourisation(Task):
    """`a` is the luma (ITU-R BT.601) of `b`, in every channel."""

    def corrupt(self, image: np.ndarray, rng: Rng) -> np.ndarray:
        if image.shape[-1] != 3:
            raise DataError(
                f"images with {image.shape[-1]} channels have no colour: give a source with 3"
            )
        return _grey(image).repeat(3, axis=-1)


@dataclasses.dataclass(frozen=True)
class Inpainting(Task):
    """`a` has a grey square at a random place.

    Attributes:
      hole: the side of the square as a share of the image's shorter side, in (0, 1].
    """

    hole: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.hole <= 1:
            raise DataError(f"a hole cannot take {self.hole} of a side: choose one in (0, 1]")

    def corrupt(self, image: np.ndarray, rng: Rng) -> np.ndarray:
        height, width = image.shape[:2]
        side = max(1, round(self.hole * min(height, width)))
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        masked = image.copy()
        masked[top : top + side, left : left + side] = GREY
        return masked


@dataclasses.dataclass(frozen=True)
class SuperResolution(Task):
    """`a` is `b` made smaller and resized back, bicubic and antialiased.

    Attributes:
      factor: how many times smaller each side becomes.
    """

    factor: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive(factor=self.factor)

    def corrupt(self, image: np.ndarray, rng: Rng) -> np.ndarray:
        height, width = image.shape[:2]
        small = resize(image, max(1, height // self.factor), max(1, width // self.factor))
        return resize(small, height, width)


@dataclasses.dataclass(frozen=True)
class EdgesToPhoto(Task):
    """`a` has the edges of `b`, dark on white.

    The edges are the magnitude of the luma's gradient after a Gaussian of `sigma` pixels (SciPy's
    `gaussian_gradient_magnitude`), black where it is `steepness` grey levels per pixel or more.
    pix2pix uses the learned HED edges instead, which follow objects. `ContoursToPhoto` has lines as
    thin as these are after the authors' post-processing.

    Attributes:
      sigma: standard deviation of the smoothing, in pixels.
      steepness: grey levels a pixel from which on an edge is black.
    """

    sigma: float = 1.0
    steepness: float = 40.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive(sigma=self.sigma, steepness=self.steepness)

    def corrupt(self, image: np.ndarray, rng: Rng) -> np.ndarray:
        from scipy import ndimage  # slow to import

        grey = _grey(image)[..., 0].astype(np.float32)
        slope = ndimage.gaussian_gradient_magnitude(grey, self.sigma, mode="nearest")
        edges = 255 * (1 - np.minimum(slope / self.steepness, 1))
        return _levels(edges[..., None]).repeat(image.shape[-1], axis=-1)


@dataclasses.dataclass(frozen=True)
class Deraining(Task):
    """`a` has synthetic rain: white streaks of one slant and length.

    The streaks are an eighth of the image's height, and lean by up to half a pixel per row.

    Attributes:
      density: the share of the image that the streaks would cover if they did not overlap.
      opacity: how opaque a streak is, up to 1.
    """

    density: float = 0.1
    opacity: float = 0.6

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (("density", self.density), ("opacity", self.opacity)):
            if not 0 < value <= 1:
                raise DataError(f"{name} cannot be {value}: choose one in (0, 1]")

    def corrupt(self, image: np.ndarray, rng: Rng) -> np.ndarray:
        height, width = image.shape[:2]
        length = max(2, height // 8)
        lean = rng.uniform(-0.5, 0.5) * length
        sky = Image.new("L", (width, height))
        pen = ImageDraw.Draw(sky)
        for _ in range(max(1, round(self.density * height * width / length))):
            x, y = rng.uniform(0, width), rng.uniform(-length, height)
            pen.line((x, y, x + lean, y + length), fill=255)
        rain = self.opacity / 255 * np.asarray(sky, np.float32)[..., None]
        return _levels(image + (255 - image.astype(np.float32)) * rain)


@dataclasses.dataclass(frozen=True)
class Denoising(Task):
    """`a` has Gaussian noise, rounded and clipped to 0..255.

    Attributes:
      std: standard deviation of the noise, in grey levels of 0 to 255.
    """

    std: float = 25.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive(std=self.std)

    def corrupt(self, image: np.ndarray, rng: Rng) -> np.ndarray:
        return _levels(image + self.std * rng.standard_normal(image.shape))


@dataclasses.dataclass(frozen=True)
class Rotation(Task):
    """`a` is turned about its centre, either way (bicubic), and its corners are black.

    Attributes:
      degrees: the largest angle, in degrees.
    """

    degrees: float = 45.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive(degrees=self.degrees)

    def corrupt(self, image: np.ndarray, rng: Rng) -> np.ndarray:
        angle = rng.uniform(-self.degrees, self.degrees)
        return to_array(from_array(image).rotate(angle, Image.Resampling.BICUBIC))


def _grey(image: np.ndarray) -> np.ndarray:
    return to_array(from_array(image).convert("L"))


def _levels(image: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)

"""Pairs of line drawings and images: the contours of an image, and a sketch drawn after them."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

from gans_jax.core import checks, extras
from gans_jax.data.image import from_array, to_array
from gans_jax.data.order import Rng
from gans_jax.data.source import DataError
from gans_jax.data.tasks import Task

SMALLEST = 5  # pixels of the smallest contour that pix2pix's script keeps
SOBEL = 8  # what Sobel's filter, by which scikit-image takes gradients, makes of a slope of 1


@dataclasses.dataclass(frozen=True)
class ContoursToPhoto(Task):
    """`a` has the contours of `b`, one pixel wide, black on white.

    This is edges to photo of Isola et al. 2017 (arXiv:1611.07004) with another detector. The edges
    are Canny's, by scikit-image, of the luma after a Gaussian of `sigma` pixels; the paper has the
    learned HED edges instead. What follows is as in the script PostprocessHED.m of its authors:
    edges are thinned to one pixel, and contours of fewer than 5 pixels are removed. The script's
    threshold 25/255 and its non-maximum suppression belong to HED; Canny has both of its own.
    The defaults suit photos of 256 pixels.

    Attributes:
      sigma: of the Gaussian, in pixels.
      low: grey levels per pixel at which a contour goes on.
      high: grey levels per pixel that a contour has somewhere.

    Raises (at first use):
      DataError: if scikit-image is missing, the source raises it, or its examples are not uint8
        images.
    """

    sigma: float = 2.0
    low: float = 3.0
    high: float = 8.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive(sigma=self.sigma, low=self.low, high=self.high)
        if self.low > self.high:
            raise DataError(f"low {self.low} is above high {self.high}: exchange them")

    def contours(self, image: np.ndarray) -> np.ndarray:
        """Returns which pixels of an image uint8 `[h, w, c]` lie on a contour, bool `[h, w]`."""
        feature, measure, morphology = _skimage()
        grey = to_array(from_array(image).convert("L"))[..., 0].astype(np.float32)
        low, high = SOBEL * self.low, SOBEL * self.high
        edges = feature.canny(grey, self.sigma, low, high, mode="nearest")
        thin = morphology.thin(edges)
        labels = measure.label(thin, connectivity=2)
        return thin & (np.bincount(labels.ravel())[labels] >= SMALLEST)

    def corrupt(self, image: np.ndarray, rng: Rng) -> np.ndarray:
        return _on_white(self.contours(image), image)


@dataclasses.dataclass(frozen=True)
class SketchToPhoto(ContoursToPhoto):
    """`a` is a sketch of `b`: few straight strokes, black on white, as an unsure hand draws them.

    Isola et al. 2017 (arXiv:1611.07004, section 4) apply models of edges to photo to sketches that
    people have drawn. This source stands for such sketches where there are none;
    the way they are made is not in the paper. The contours of `ContoursToPhoto` are taken apart
    where they branch, short pieces are left out, a piece becomes the polygon that stays within
    `tolerance` of it (Douglas and Peucker 1973), and its corners move at random.

    Attributes:
      shortest: pixels of the shortest piece that is drawn.
      tolerance: how far a stroke may lie from the contour, in pixels.
      wobble: standard deviation of a corner's movement, in pixels; 0 draws the polygon itself.
    """

    sigma: float = 2.5
    low: float = 2.0
    high: float = 6.0
    shortest: int = 12
    tolerance: float = 2.0
    wobble: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive(shortest=self.shortest, tolerance=self.tolerance)
        if self.wobble < 0:
            raise DataError(f"wobble cannot be {self.wobble}: give 0 or more pixels")

    def corrupt(self, image: np.ndarray, rng: Rng) -> np.ndarray:
        _, measure, _ = _skimage()
        sheet = Image.new("1", image.shape[1::-1])
        pen = ImageDraw.Draw(sheet)
        for path in _paths(self.contours(image)):
            if len(path) >= self.shortest:
                corners = measure.approximate_polygon(path, self.tolerance)
                moved = corners + self.wobble * rng.standard_normal(corners.shape)
                pen.line([(x, y) for y, x in moved.tolist()], fill=1)
        return _on_white(np.asarray(sheet), image)


def _skimage() -> tuple:
    """Returns the modules `feature`, `measure` and `morphology` of scikit-image.

    Raises:
      DataError: if it is missing or too old.
    """
    if (lack := extras.lack("scikit-image")) is not None:
        raise DataError(f"drawing contours {lack}")
    from skimage import feature, measure, morphology  # slow to import

    return feature, measure, morphology


def _on_white(lines: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Returns lines, bool `[h, w]`, as black on white, in the shape of an image."""
    return np.where(lines, np.uint8(0), np.uint8(255))[..., None].repeat(image.shape[-1], axis=-1)


def _paths(lines: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the pixels of each line, rows and columns `[n, 2]`; a line ends where it branches."""
    left = {tuple(pixel) for pixel in np.argwhere(lines).tolist()}
    branches = {pixel for pixel in left if len(_beside(pixel, left)) > 2}
    left -= branches
    ends = sorted(pixel for pixel in left if len(_beside(pixel, left)) < 2)
    for start in [*ends, *sorted(left)]:  # what has no end is a loop
        path = []
        following = [start] if start in left else []
        while following:
            path.append(following[0])
            left.remove(following[0])
            following = _beside(following[0], left)
        if path:
            yield np.array(path, np.float64)


def _beside(pixel: tuple[int, ...], pixels: set[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Returns those of the eight pixels around one that are in a set, nearest first."""
    y, x = pixel
    around = [(0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1)]
    return [(y + dy, x + dx) for dy, dx in around if (y + dy, x + dx) in pixels]

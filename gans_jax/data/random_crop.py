"""Random windows of images that are larger than the network's."""

import dataclasses

import numpy as np

from gans_jax.core import checks
from gans_jax.data.augment import copy, place
from gans_jax.data.order import Rng, all_shuffled, generator
from gans_jax.data.source import AnySource, DataError, Drawn, Example, Shape, Shaped, gather


@dataclasses.dataclass(frozen=True)
class RandomCrop:
    """A window of each image, at a random place and mirrored half of the time in a stream.

    All images of an example get the same window, and `source[i]` has the window of the centre, not
    mirrored. Every visit of an example has draws of its own. They are the draws of `Augment`, so
    that the stream of square images, resized to the window times `enlarge` and packed, is to the
    bit the stream of the `PairedFolder` that they come from.

    Examples: as in `source`, with images [size, size, c].

    Attributes:
      source: a source of images [h, w, c] of at least `size` pixels, such as `Packed`.
      size: the side of the window.
      flip: whether half of the windows are mirrored.

    Raises (at first use):
      DataError: if the source raises it, or an image is smaller than `size`.
    """

    source: AnySource
    size: int
    flip: bool = True

    def __post_init__(self) -> None:
        checks.positive(size=self.size)
        if isinstance(self.source, Drawn):
            name = type(self.source).__name__
            raise DataError(
                f"{name} orders its examples itself: put RandomCrop around the source inside {name}"
            )

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Example:
        return self.pair(index)

    def pair(self, index: int, rng: Rng | None = None) -> Example:
        """Returns the example at `index` in a window drawn from `rng`; of the centre without."""
        example = {name: np.asarray(value)[None] for name, value in self.source[index].items()}
        return {name: values[0] for name, values in self._cut(example, [rng]).items()}

    def draw(self, seed: int, position: int) -> Example:
        """Returns the example at a position of the endless stream of `seed`."""
        batch = self.draws(seed, np.array([position]))
        return {name: values[0] for name, values in batch.items()}

    def draws(self, seed: int, positions: np.ndarray) -> Example:
        """Returns what `draw` returns at `positions`, stacked along a new first axis."""
        batch = gather(self.source, all_shuffled(len(self), seed, positions))
        return self._cut(batch, [generator(seed, int(position)) for position in positions])

    def shapes(self) -> dict[str, Shape]:
        known = self.source.shapes() if isinstance(self.source, Shaped) else {}
        return {n: (self.size, self.size, shape[-1]) if shape else () for n, shape in known.items()}

    @property
    def has_truth(self) -> bool:
        """Whether `source[i]` is a true pair."""
        return getattr(self.source, "has_truth", False)

    def _cut(self, batch: Example, rngs: list[Rng | None]) -> Example:
        """Returns the windows of a batch, one for each of `rngs`, in which other arrays remain."""
        images = {name: values for name, values in batch.items() if values.ndim == 4}
        sides, window = self._sides(images), (self.size, self.size)
        places = [place(sides, window, rng, move=True, flip=self.flip) for rng in rngs]
        return batch | {name: windows(values, places, self.size) for name, values in images.items()}

    def _sides(self, images: Example) -> tuple[int, int]:
        """Returns the height and width of all images of a batch."""
        sides = {values.shape[1:3] for values in images.values()}
        if len(sides) != 1 or min(min(sides)) < self.size:
            text = " and ".join(f"{height}x{width}" for height, width in sorted(sides))
            raise DataError(
                f"images of {text or 'no'} pixels have no common window of {self.size}x"
                f"{self.size}: choose a smaller `size`, or pack the source with a margin"
            )
        height, width = next(iter(sides))
        return height, width


def windows(images: np.ndarray, places: list[tuple[int, int, int]], size: int) -> np.ndarray:
    """Returns square windows of images [n, h, w, c], one of each, at places as of `place`."""
    cut = np.empty((len(images), size, size, images.shape[-1]), images.dtype)
    for image, new, (top, left, step) in zip(images, cut, places, strict=True):
        copy(image[top : top + size, left : left + size], step, new)
    return cut

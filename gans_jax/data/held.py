"""Sources over what a program already holds: arrays, and data sets of other libraries."""

import dataclasses
import functools
import hashlib
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from gans_jax.core import checks
from gans_jax.data.image import fit_square, from_array, to_array
from gans_jax.data.source import DataError, Example, InMemory

ROWS = 1024  # as many rows of a larger array are digested, evenly spaced
WHOLE = 2**28  # bytes of an array that are digested entirely
EXAMPLES = 32  # as many examples of a data set are digested, evenly spaced
GREY = ("1", "L", "LA")


@dataclasses.dataclass(frozen=True)
class Absent:
    """Stands in the configuration of a run for an object that its folder does not hold.

    Attributes:
      what: the object in words, such as "uint8 [60000, 28, 28, 1]".
      sha256: a digest, by which the object is known again when the run is resumed.
    """

    what: str
    sha256: str


class Held:
    """Base of the sources with fields that a run folder cannot hold, which it records as `Absent`.

    A subclass is a dataclass and defines `describe`.
    """

    def describe(self) -> dict[str, Absent]:
        """Returns what stands for each field that cannot be written."""
        raise NotImplementedError

    @functools.cached_property
    def recorded(self) -> Any:
        """The source as a run's configuration has it, which holds no examples."""
        return self if is_absent(self) else dataclasses.replace(self, **self.describe())  # type: ignore[type-var]

    def _refuse_absent(self) -> None:
        if is_absent(self):
            raise DataError(
                f"the run folder holds a digest of the data, which were data.{type(self).__name__} "
                "in memory, and not the data: give the experiment with the same data to "
                "`training.resume`, or its file as --experiment FILE to the command"
            )


def is_absent(source: Any) -> bool:
    """Returns whether a run folder gave this source, or one in its fields, without examples."""
    if isinstance(source, Absent):
        return True
    if isinstance(source, tuple | list):
        return any(map(is_absent, source))
    if not dataclasses.is_dataclass(source):
        return False
    return any(is_absent(getattr(source, field.name)) for field in dataclasses.fields(source))


@dataclasses.dataclass(frozen=True, eq=False)
class Arrays(InMemory, Held):
    """Examples in NumPy arrays, which may be memory-mapped (`np.load(file, mmap_mode="r")`).

    A run folder records the shapes and a SHA-256 of the arrays and not the arrays; `resume` asks
    for them again. Of an array above 256 MiB it digests 1,024 rows.

    Examples: `image` as in the array; `label` int32 if there are labels.

    Attributes:
      image: images [n, h, w, c], uint8 or float in [-1, 1]; or points [n, d] of any range.
      label: whole numbers [n], or None.

    Raises:
      DataError: if `image` is no array of such a shape, or the labels do not fit it.
    """

    image: Any
    label: Any = None

    def __post_init__(self) -> None:
        if is_absent(self):
            return
        _check_images(self.image)
        if self.label is None:
            return
        if np.shape(self.label) != (len(self.image),):
            shape = list(np.shape(self.label))
            raise DataError(
                f"label has the shape {shape}, but there are {len(self.image)} images: give one "
                "whole number for each image"
            )
        if not np.issubdtype(np.asarray(self.label).dtype, np.integer):
            kind = np.asarray(self.label).dtype
            raise DataError(f"label is of type {kind}: give whole numbers, counted from 0")

    def describe(self) -> dict[str, Absent]:
        held = {"image": self.image, "label": self.label}
        return {name: _described(array) for name, array in held.items() if array is not None}

    @functools.cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        self._refuse_absent()
        if self.label is None:
            return {"image": self.image}
        return {"image": self.image, "label": np.asarray(self.label, np.int32)}


@dataclasses.dataclass(frozen=True, eq=False)
class RandomAccess(Held):
    """A data set of another library that has `len(dataset)` and `dataset[i]`, such as PyTorch's.

    An image may be a PIL image, an array [h, w] or [h, w, c], or a PyTorch tensor [c, h, w]. As
    elsewhere its numbers are uint8, or float in [-1, 1]: torchvision's `ToTensor` gives 0 to 1, so
    leave it out. Random transforms must be left out, too, because example i must always be the
    same. A run folder records a SHA-256 of 32 examples; `resume` asks for the data set again.

    Examples: `image` [h, w, c]; `label` int32 if there is one.

    Attributes:
      dataset: the data set. `dataset[i]` is a tuple, a dictionary or an image alone.
      image: the position of the image in the tuple, its name in the dictionary, or None.
      label: the position or the name of the label; None for examples without one.
      size: images of uint8 are resized and cut to it, as in `ImageFolder`; None keeps their sizes.

    Raises:
      DataError: if the data set has no length, an example lacks the image or the label, an image is
        of another kind, or reading an example twice gives two results.
    """

    dataset: Any
    image: int | str | None = 0
    label: int | str | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        checks.positive(size=self.size)
        known = isinstance(self.dataset, Absent)
        if not known and not (
            hasattr(self.dataset, "__len__") and hasattr(self.dataset, "__getitem__")
        ):
            raise DataError(
                f"a {type(self.dataset).__name__} has no length or no examples by number: give a "
                "data set with len(dataset) and dataset[i], not a loader or a stream"
            )
        if isinstance(self.dataset, Mapping):
            raise DataError(
                f"a {type(self.dataset).__name__} has its examples under the names "
                f"{', '.join(map(repr, self.dataset))}: give one of them, such as dataset['train']"
            )

    def describe(self) -> dict[str, Absent]:
        count = len(self)
        places = sorted({count * i // EXAMPLES for i in range(EXAMPLES)} if count else set())
        digest = hashlib.sha256(b"%d" % count)
        for place in places:
            example = self[place]
            for name, value in sorted(example.items()):
                digest.update(f"{name} {value.dtype} {value.shape}".encode() + value.tobytes())
                if place == places[0] and not np.array_equal(self[place][name], value):
                    raise DataError(
                        f"example {place} of the data set is another one each time that it is "
                        "read: leave out its random transforms"
                    )
        what = f"{count} examples of a {type(self.dataset).__name__}"
        return {"dataset": Absent(what, digest.hexdigest())}

    def __len__(self) -> int:
        self._refuse_absent()
        return len(self.dataset)

    def __getitem__(self, index: int) -> Example:
        self._refuse_absent()
        return example_of(self.dataset[index], self.image, self.label, self.size)


def example_of(
    found: Any, image: int | str | None, label: int | str | None, size: int | None
) -> Example:
    """Returns the example in what a data set of another library gives for one index."""
    example = {"image": as_pixels(found if image is None else _part(found, image), size)}
    if label is not None:
        value = _part(found, label)
        try:
            example["label"] = np.array(operator.index(value), np.int32)
        except TypeError as error:
            raise DataError(
                f"an example has {value!r} as its label: give a whole number, counted from 0"
            ) from error
    return example


def as_pixels(image: Any, size: int | None) -> np.ndarray:
    """Returns a PIL image, an array or a tensor as [h, w, c]."""
    if isinstance(image, Image.Image):
        if image.mode.startswith(("I", "F")):
            raise DataError(f"an image has the mode {image.mode}: give 8 bits for each channel")
        image = image.convert("L" if image.mode in GREY else "RGB")
        return to_array(image if size is None else fit_square(image, size))
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3) or not np.issubdtype(pixels.dtype, np.number):
        kind = type(image).__name__
        raise DataError(
            f"an example has {kind} {list(pixels.shape)} as its image: give a PIL image, an array "
            "[h, w, c] or a tensor [c, h, w], and its place as `image`"
        )
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if type(image).__module__ == "torch":
        pixels = np.ascontiguousarray(np.moveaxis(pixels, 0, -1))
    if size is None or pixels.shape[:2] == (size, size):
        return pixels
    if pixels.dtype != np.uint8:
        raise DataError(f"images of type {pixels.dtype} are not resized: give uint8, or no `size`")
    return to_array(fit_square(from_array(pixels), size))


def _part(found: Any, place: int | str) -> Any:
    """Returns the part of an example at a position, or of a name."""
    try:
        return found[place]
    except (KeyError, IndexError, TypeError) as error:
        if isinstance(found, Mapping):
            has = f"the keys {', '.join(map(repr, found))}"
        elif isinstance(found, Sequence):
            has = f"{len(found)} parts, at the positions 0 to {len(found) - 1}"
        else:
            has = f"only one part, a {type(found).__name__}, which is `image` None"
        raise DataError(f"an example has no part {place!r}: it has {has}") from error


def _check_images(image: Any) -> None:
    if not isinstance(image, np.ndarray):
        raise DataError(
            f"image is a {type(image).__name__}: give a NumPy array, such as np.asarray(image)"
        )
    if image.ndim == 3:
        raise DataError(
            f"image has the shape {list(image.shape)}, without channels: give image[..., None]"
        )
    if image.ndim not in (2, 4) or not len(image):
        raise DataError(
            f"image has the shape {list(image.shape)}: give images [n, h, w, c], or points [n, d]"
        )
    first, last = image.shape[1], image.shape[-1]
    if image.ndim == 4 and first in (1, 3) and last not in (1, 3, 4):
        raise DataError(
            f"image has the shape {list(image.shape)}, with the channels first: give "
            "image.transpose(0, 2, 3, 1)"
        )


def _described(array: Any) -> Absent:
    array = np.asarray(array)
    what = f"{array.dtype} {list(array.shape)}"
    step = 1 if array.nbytes <= WHOLE else -(-len(array) // ROWS)
    digest = hashlib.sha256(what.encode())
    digest.update(np.ascontiguousarray(array[::step]).tobytes())
    return Absent(what, digest.hexdigest())

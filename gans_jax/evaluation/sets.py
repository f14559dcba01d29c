"""Sets of examples to compare, which are read or generated batch by batch."""

import dataclasses
import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import jax
import numpy as np

from gans_jax import core, parallel
from gans_jax.data import DataError, ImageFolder
from gans_jax.data.decoding import size_and_mode
from gans_jax.data.image import to_uint8
from gans_jax.data.source import Source, gather, shown
from gans_jax.evaluation.errors import EvaluationError, TrainingImagesWarning

_READ = 64
_LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif", ".webp")


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """A set of examples of one shape.

    Attributes:
      what: what the examples are, for results and errors.
      count: how many there are.
      shape: the shape of one: `[h, w, c]` for an image, `[d]` for a point.
      batches: returns an iterator over all of them, images as uint8 and points as float32. Their
        order is random but always the same, so that the first ones stand for all.
      split: which split of their data they are.
      labels: the names of their classes in that order, or None without classes.
      centers: the modes `[modes, d]` of the density that they were drawn from, or None.
      std: the standard deviation of each mode.
      lossy: whether they come from JPEG or WebP files.
      resize: how they were resized when they were read, or None.
    """

    what: str
    count: int
    shape: tuple[int, ...]
    batches: Callable[[], Iterator[np.ndarray]] = dataclasses.field(repr=False)
    split: str | None = None
    labels: tuple[str, ...] | None = dataclasses.field(default=None, repr=False)
    centers: np.ndarray | None = dataclasses.field(default=None, repr=False)
    std: float = 0.0
    lossy: bool = False
    resize: str | None = None

    @property
    def are_images(self) -> bool:
        return len(self.shape) == 3


def of_source(source: Source, num: int | None = None, split: str | None = None) -> Examples:
    """Makes a set of at most `num` examples of a source, chosen at random.

    Raises:
      EvaluationError: if the examples have no `image`, as pairs for translation have none.
      DataError: if the source cannot be read.
    """
    example = source[0]
    if "image" not in example:
        raise EvaluationError(
            f"{type(source).__name__} holds pairs of images: write the translations into a folder, "
            "and compare it with --real FOLDER --fake FOLDER"
        )
    order = np.random.default_rng(0).permutation(len(source))[:num]
    return Examples(
        type(source).__name__,
        len(order),
        example["image"].shape,
        functools.partial(_read, source, order),
        split,
        centers=getattr(source, "centers", None),
        std=getattr(source, "std", 0.0),
    )


def _read(source: Source, order: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the images or points of a source in an order, a batch at a time."""
    for start in range(0, len(order), _READ):
        yield checked(gather(source, order[start : start + _READ])["image"])


def held_out(source: Source, split: str = "test") -> tuple[Source, str]:
    """Returns a split of a run's data, and what to call it.

    Points of a density are drawn anew. Data without splits are returned as they are, with a
    `TrainingImagesWarning` that the run was trained on them.
    """
    data: Any = source  # a dataclass, which the protocol does not say
    fields = {field.name for field in dataclasses.fields(data)}
    found, name = data, "train"
    if "split" in fields:
        found, name = dataclasses.replace(data, split=split), split
    elif split != "train" and {"seed", "num"} <= fields:
        found, name = dataclasses.replace(data, seed=data.seed + 1), "fresh draw"
    if found == data:
        warnings.warn(
            "the real images are those that the run was trained on, of which copies look perfect: "
            "compare with images that were held out, by --real FOLDER where there is no test split",
            TrainingImagesWarning,
            stacklevel=2,
        )
    return found, name


def generated(
    method: core.Method,
    state: core.State,
    num: int,
    *,
    seed: int = 0,
    batch_size: int = 64,
    devices: Sequence[jax.Device] | None = None,
) -> Examples:
    """Makes a set of the samples that `method.sample(state, jax.random.key(seed), num)` draws.

    They are generated `batch_size` at a time. With `devices` each batch is shared among these, and
    filled up to a multiple of their number. A conditional method's samples are of equally likely
    classes, which are the labels of the set.

    Raises:
      EvaluationError: if the method makes images from images, or its samples are not finite.
    """
    if not core.is_sampler(method):
        raise EvaluationError(
            f"{type(method).__name__} makes images from images: write the translations into a "
            "folder, and compare it with --real FOLDER --fake FOLDER"
        )
    given = jax.device_get(method.draw(jax.random.key(seed), num))
    mesh = None if devices is None else parallel.mesh(devices)
    size = batch_size if mesh is None else -(-batch_size // mesh.size) * mesh.size
    shape = jax.eval_shape(method.generate, state, *given).shape[1:]
    state = jax.device_put(state) if mesh is None else parallel.replicate(mesh, state)

    def batches() -> Iterator[np.ndarray]:
        for start in range(0, num, size):
            # The last batch is filled up with the first draws, so that one program serves all.
            rows = np.arange(start, start + size) % num
            part = jax.tree.map(lambda leaf, rows=rows: leaf[rows], given)
            if mesh is not None:
                part = parallel.put_batch(mesh, part, 0)
            yield checked(np.asarray(_generate(method, state, part))[: num - start])

    labels = tuple(str(label) for label in given[1]) if method.classes else None
    return Examples(type(method).__name__, num, shape, batches, labels=labels)


@functools.partial(jax.jit, static_argnums=0)
def _generate(method: core.Sampler, state: core.State, given: tuple[jax.Array, ...]) -> jax.Array:
    return method.generate(state, *given)


def of_folder(
    path: str,
    num: int | None = None,
    *,
    channels: Literal[1, 3] | None = None,
    size: int | None = None,
    split: str | None = None,
) -> Examples:
    """Makes a set of at most `num` images in a folder, chosen at random.

    Args:
      path: the folder, which `ImageFolder` reads.
      num: how many images there are at most; by default all.
      channels: 1 to read the images as grey, 3 as RGB; by default RGB unless all files are grey.
      size: the side in pixels to which the images are resized.
      split: which split of their data the images are.

    Raises:
      DataError: if the folder is missing or empty, an image cannot be read, or the sizes differ
        and no `size` is given.
    """
    files = ImageFolder(path, size=None).files
    order = np.random.default_rng(0).permutation(len(files))[:num]
    seen = [size_and_mode(Path(path, files[index])) for index in order]
    sizes = {sides: files[index] for index, (sides, _) in zip(order, seen, strict=True)}
    if len(sizes) > 1 and size is None:
        two = [f"{w}x{h} ({shown(file)})" for (w, h), file in sorted(sizes.items())[:2]]
        raise DataError(
            f"{shown(path)} holds images of {len(sizes)} sizes, such as {' and '.join(two)}: "
            "resize them, or give --size to resize all"
        )
    if channels is None:
        channels = 1 if all(mode in ("1", "L", "LA") for _, mode in seen) else 3
    source = ImageFolder(path, size=size, channels=channels)
    (width, height), _ = seen[0]
    labels = tuple(PurePosixPath(files[index]).parts[0] for index in order)
    return Examples(
        f"the folder {path}",
        len(order),
        (size or height, size or width, channels),
        functools.partial(_read, source, order),
        split,
        labels=labels if source.classes else None,
        lossy=any(files[index].lower().endswith(_LOSSY) for index in order),
        resize=f"to {size}x{size}, bicubic with antialiasing" if size else None,
    )


def checked(examples: np.ndarray) -> np.ndarray:
    """Returns images as uint8, rounded as for a PNG file, and points as float32.

    Raises:
      EvaluationError: if a number is not finite.
    """
    if examples.dtype == np.uint8:
        return examples
    if not np.isfinite(examples).all():
        raise EvaluationError(
            "some examples are not finite, so that metrics of them mean nothing: look at "
            "metrics.jsonl, and evaluate an earlier checkpoint"
        )
    return to_uint8(examples) if examples.ndim == 4 else examples.astype(np.float32)

"""Sets of examples to be measured, read or generated batch by batch."""

import dataclasses
import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import jax
import numpy as np
from PIL import Image

from gans_jax import parallel
from gans_jax.data import DataError, ImageFolder
from gans_jax.data.folder import DECODING_ERRORS
from gans_jax.data.image import to_uint8
from gans_jax.data.source import Source, gather
from gans_jax.evaluation.errors import EvaluationError, TrainingImagesWarning

_READ = 64
_LOSSY = (".jpg", ".jpeg", ".webp")
_ORIENTATION, _FIRST_TURNED = 0x0112, 5  # EXIF's tag, and the first value that swaps the sides


@dataclasses.dataclass(frozen=True)
class Examples:
    """`count` examples of one `shape`: images `[h, w, c]`, or points `[d]`.

    `batches()` gives them from the first on, images as uint8 and points as float32, in an order
    that is random but always the same, so that the first of them stand for all. `labels` are the
    names of their classes in that order, where they have some. `lossy` says that they come from
    JPEG or WebP files, `resize` what was done to them first.
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
    """At most `num` examples of a source, chosen at random.

    Raises:
      EvaluationError: if the examples have no `image`, such as those of translation.
      DataError: what the source raises.
    """
    example = source[0]
    if "image" not in example:
        raise EvaluationError(
            f"{type(source).__name__} holds pairs of images: write the translations into a folder, "
            "and compare it with --real FOLDER --fake FOLDER"
        )
    order = np.random.default_rng(0).permutation(len(source))[:num]

    def batches() -> Iterator[np.ndarray]:
        for start in range(0, len(order), _READ):
            yield _checked(gather(source, order[start : start + _READ])["image"])

    shape = example["image"].shape
    modes = {"centers": getattr(source, "centers", None), "std": getattr(source, "std", 0.0)}
    return Examples(type(source).__name__, len(order), shape, batches, split, **modes)


def held_out(source: Source, split: str = "test") -> tuple[Source, str]:
    """The split of that name of a run's data, and what to call it.

    A density is drawn anew. Warns with `TrainingImagesWarning` where there is no other split.
    """
    fields = {field.name for field in dataclasses.fields(source)}
    if "split" in fields:
        if source.split == split:
            _warn_training(f"the run was trained on the split {split!r} itself")
        return dataclasses.replace(source, split=split), split
    if split == "train":
        return source, "train"
    if {"seed", "num"} <= fields:
        return dataclasses.replace(source, seed=source.seed + 1), "fresh draw"
    _warn_training(f"{type(source).__name__} has no split {split!r}, so that the real images are")
    return source, "train"


def _warn_training(reason: str) -> None:
    remedy = "compare with images that were held out, by --real FOLDER"
    warnings.warn(
        f"{reason} those of training, of which copies look perfect: {remedy}",
        TrainingImagesWarning,
        stacklevel=3,
    )


def generated(
    method: Any,
    state: Any,
    num: int,
    *,
    seed: int = 0,
    batch_size: int = 64,
    devices: Sequence[jax.Device] | None = None,
) -> Examples:
    """What `method.sample(state, jax.random.key(seed), num)` draws, `batch_size` at a time.

    With `devices` each batch is shared among them, filled up to a multiple of their number.

    Raises:
      EvaluationError: if the method makes images from images, or what it makes is not finite.
    """
    if not hasattr(method, "generate") or getattr(method, "prior", None) is None:
        raise EvaluationError(
            f"{type(method).__name__} makes images from images: write the translations into a "
            "folder, and compare it with --real FOLDER --fake FOLDER"
        )
    z = jax.device_get(method.prior(jax.random.key(seed), num))
    mesh = None if devices is None else parallel.mesh(devices)
    size = batch_size if mesh is None else -(-batch_size // mesh.size) * mesh.size
    shape = jax.eval_shape(method.generate, state, z).shape[1:]
    state = jax.device_put(state) if mesh is None else parallel.replicate(mesh, state)

    def batches() -> Iterator[np.ndarray]:
        for start in range(0, num, size):
            # The last batch is filled up with draws of the others, for one program serves all.
            rows = np.arange(start, start + size) % num
            part = jax.tree.map(lambda leaf: leaf[rows], z)  # noqa: B023
            part = part if mesh is None else parallel.put_batch(mesh, part, 0)
            yield _checked(np.asarray(_generate(method, state, part))[: num - start])

    return Examples(type(method).__name__, num, shape, batches)


@functools.partial(jax.jit, static_argnums=0)
def _generate(method: Any, state: Any, z: Any) -> jax.Array:
    return method.generate(state, z)


def of_folder(
    path: str,
    num: int | None = None,
    *,
    channels: int | None = None,
    size: int | None = None,
    split: str | None = None,
) -> Examples:
    """At most `num` of the images in a folder, chosen at random, as `ImageFolder` reads them.

    `channels` is by default 1 if all files are grey, else 3. With `size` they are resized.

    Raises:
      DataError: if the folder is missing or empty, an image cannot be read, or their sizes differ
        and no `size` is given.
    """
    files = ImageFolder(path, size=None).files
    order = np.random.default_rng(0).permutation(len(files))[:num]
    seen = [_header(Path(path, files[index])) for index in order]
    sizes = {sides: files[index] for index, (sides, _) in zip(order, seen, strict=True)}
    if len(sizes) > 1 and size is None:
        shown = " and ".join(f"{w}x{h} ({file})" for (w, h), file in sorted(sizes.items())[:2])
        raise DataError(
            f"{path} holds images of {len(sizes)} sizes, such as {shown}: resize them, or give "
            "--size to resize all"
        )
    grey = all(mode in ("1", "L", "LA") for _, mode in seen)
    found = channels or (1 if grey else 3)
    source = ImageFolder(path, size=size, channels=found)

    def batches() -> Iterator[np.ndarray]:
        for start in range(0, len(order), _READ):
            yield gather(source, order[start : start + _READ])["image"]

    (width, height), _ = seen[0]
    classes = [PurePosixPath(files[index]).parts for index in order]
    labels = tuple(parts[0] for parts in classes) if source.classes else None
    lossy = any(files[index].lower().endswith(_LOSSY) for index in order)
    shape = (size or height, size or width, found)
    resize = f"to {size}x{size}, bicubic with antialiasing" if size else None
    what = f"the folder {path}"
    return Examples(what, len(order), shape, batches, split, labels, lossy=lossy, resize=resize)


def _header(path: Path) -> tuple[tuple[int, int], str]:
    """Width, height and mode of an image file."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED
            return (height, width) if turned else (width, height), image.mode
    except DECODING_ERRORS as error:
        raise DataError(f"{path} cannot be read ({error}): replace or remove it") from error


def _checked(examples: np.ndarray) -> np.ndarray:
    """Images as uint8, rounded as a PNG file would, and points as float32."""
    if examples.dtype == np.uint8:
        return examples
    if not np.isfinite(examples).all():
        raise EvaluationError(
            "some examples are not finite, and no metric of them means anything: look at "
            "metrics.jsonl, and evaluate an earlier checkpoint"
        )
    return to_uint8(examples) if examples.ndim == 4 else examples.astype(np.float32)

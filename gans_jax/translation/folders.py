"""Folders of images of any size, translated by the network of a run."""

import dataclasses
import functools
import os
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import pictures
from gans_jax.data import DataError, ImageFolder, skipping
from gans_jax.data.folder import decode
from gans_jax.data.image import to_array, to_uint8
from gans_jax.data.pairs import by_name
from gans_jax.data.skipping import BadExample, OnBad
from gans_jax.pictures import sheets
from gans_jax.runs import folder
from gans_jax.runs.config import ConfigError
from gans_jax.runs.progress import progress_bar
from gans_jax.translation.compiled import OTHER, UNFIT, Size, Translator, UnfitError

SHEET_ROWS = 16


class Translated(NamedTuple):
    """The files that were written, and why others were skipped."""

    written: tuple[Path, ...]
    skipped: tuple[str, ...]


def translate_folder(
    workdir: str | os.PathLike[str],
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    direction: str = "a_to_b",
    *,
    seed: int | None = None,
    batch_size: int = 4,
    on_bad: OnBad = "raise",
    sheet: str | os.PathLike[str] | None = None,
    extra: Sequence[Any] = (),
    progress: bool = True,
) -> Translated:
    """Translates all images under `source` into PNG files of the same names under `target`.

    Images may have any size: where the network takes multiples of some power of two only, they are
    mirrored at their borders up to the next one, and what it returns is cut back. Up to
    `batch_size` images of one size go together, each translated as if it were alone; every size
    is compiled anew. Without a `seed` a method that translates with noise does without; with one,
    the noise of an image depends on the seed and its name.

    `sheet` is a PNG file for a contact sheet of the first 16 images, with what they become, that
    translated back, and the attention, where the method has them. `extra` is as for `load`.

    All images are read before the first is translated, so that one that cannot be used (it is
    unreadable, has colours where the run has grey images, or a size that the network does not take)
    ends this before anything is written; with `on_bad="skip"` it is left out. A file is written as
    a whole or not at all, and none is replaced.

    Raises:
      ConfigError: if the run translates no images, or not in this direction.
      DataError: if an image cannot be used, all cannot, there is none, or its file in `target`
        exists, two would have one name, or one folder is in the other.
      And what `load` raises.
    """
    skipping.check(on_bad)
    network = _network(Path(workdir), direction, seed, extra)
    files = _files(Path(source), Path(target))
    sizes, skipped = _survey(network, files, on_bad, progress)
    shown = list(sizes)[: SHEET_ROWS if sheet else 0]
    rows = {}
    with progress_bar("translating" if progress else None, len(sizes), unit="image") as bar:
        for names, count in _batches(sizes, batch_size):
            images = [network.read(files[name][0]) for name in names]
            made, columns = network.translate(images, names, count, any(n in shown for n in names))
            for index, name in enumerate(names):
                files[name][1].parent.mkdir(parents=True, exist_ok=True)
                pictures.save(files[name][1], to_uint8(made[index]))
                rows[name] = {column: values[index] for column, values in columns.items()}
            bar.update(len(names))
    if sheet:
        pictures.save(Path(sheet), sheets.sheet([rows[name] for name in shown]))
    return Translated(tuple(files[name][1] for name in sizes), skipped)


@dataclasses.dataclass(frozen=True)
class _Network:
    """The method of a run and its state, in one direction, for images of so many channels."""

    translator: Translator
    state: Any
    direction: str
    channels: int
    seed: int | None

    def padded(self, size: Size) -> Size:
        return self.translator.padded(self.state, size, self.channels, self.direction)

    def read(self, path: Path) -> np.ndarray:
        """uint8 [h, w, channels]; BadExample if the file does not hold such an image."""
        image = to_array(decode(path, 3))
        if self.channels == 1 and (image != image[..., :1]).any():
            raise BadExample(f"{path} has colours, but the run takes grey images: make it grey")
        return image[..., : self.channels]

    def translate(
        self, images: Sequence[np.ndarray], names: Sequence[str], count: int, sheet: bool
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Translations of images of one size and, with `sheet`, the columns that it shows.

        The call is one of `count` images, as many or more, so that it need not be compiled anew.
        """
        size = images[0].shape[:2]
        padded = self.padded(size)
        before = [(side - own) // 2 for side, own in zip(padded, size, strict=True)]
        mirrored = [_mirror(image, padded, before) for image in images]
        order = np.arange(count) % len(images)
        batch, keys = np.stack(mirrored)[order], self._keys([names[i] for i in order])
        made = self.translator.translate(self.state, batch, self.direction, keys)
        columns = {}
        if sheet:
            columns = self.translator.columns(self.state, batch, made, self.direction, keys)
        rows, across = (slice(a, a + own) for a, own in zip(before, size, strict=True))
        cut = lambda values: np.asarray(values)[:, rows, across]
        return cut(made), {name: cut(values) for name, values in columns.items()}

    def _keys(self, names: Sequence[str]) -> jax.Array | None:
        if self.seed is None:
            return None
        numbers = jnp.array([zlib.crc32(name.encode()) for name in names], jnp.uint32)
        return jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(self.seed), numbers)


def _network(workdir: Path, direction: str, seed: int | None, extra: Sequence[Any]) -> _Network:
    """That of a run; ConfigError if it does not translate images in this direction."""
    if direction not in OTHER:
        raise ConfigError(f"there is no direction {direction!r}: choose a_to_b or b_to_a")
    experiment, state = folder.load(workdir, extra)
    method, shapes = experiment.method, folder.batch_shapes(workdir)
    if not hasattr(method, "translate") or not {"a", "b"} <= shapes.keys():
        raise ConfigError(
            f"{workdir} is a run of {type(method).__name__}, which translates no images: draw what "
            "it makes with `sample`"
        )
    for name in "ab":
        if shapes[name].shape[-1] not in (1, 3):
            raise ConfigError(
                f"{workdir} has images {name} of {shapes[name].shape[-1]} channels, which no PNG "
                "file holds: call `translate` of its method with arrays"
            )
    *size, channels = shapes[direction[0]].shape[-3:]
    images = jax.ShapeDtypeStruct((1, *size, channels), jnp.float32)
    try:
        jax.eval_shape(functools.partial(method.translate, direction=direction), state, images)
    except UNFIT as error:
        raise ConfigError(f"{workdir} cannot be used: {error}") from error
    return _Network(Translator(method), state, direction, channels, seed)


def _files(source: Path, target: Path) -> dict[str, tuple[Path, Path]]:
    """Of each image, by its name, the file and that of its translation; DataError as stated."""
    found = ImageFolder(str(source), size=None)
    names = by_name(found)
    inside, outside = source.resolve(), target.resolve()
    if inside in (outside, *outside.parents) or outside in inside.parents:
        raise DataError(
            f"the images of {source} cannot go to {target}, since one of these folders is in the "
            "other: choose another --output"
        )
    files = {name: (source / found.files[i], target / f"{name}.png") for name, i in names.items()}
    for _, to in files.values():
        if to.exists():
            raise DataError(f"{to} exists already: remove it, or choose another --output")
    return files


def _survey(
    network: _Network, files: dict[str, tuple[Path, Path]], on_bad: OnBad, progress: bool
) -> tuple[dict[str, Size], tuple[str, ...]]:
    """The sizes of the images that can be used, and why others cannot; DataError as stated."""
    padded = functools.cache(network.padded)
    sizes, skipped = {}, []
    with progress_bar("reading" if progress else None, len(files), unit="image") as bar:
        for name, (path, _) in files.items():
            try:
                size = network.read(path).shape[:2]
                try:
                    padded(size)
                except UnfitError as error:
                    raise BadExample(f"{path}: {error}") from error
                sizes[name] = size
            except BadExample as error:
                if on_bad == "raise":
                    raise
                skipped.append(str(error))
            bar.update()
    if not sizes:
        raise DataError(f"of {len(skipped)} images none can be used: {skipped[0]}")
    return sizes, tuple(skipped)


def _batches(sizes: dict[str, Size], batch_size: int) -> Iterator[tuple[list[str], int]]:
    """Names of images of one size, at most so many, and how many a call for this size takes."""
    groups = defaultdict(list)
    for name, size in sizes.items():
        groups[size].append(name)
    for names in groups.values():
        count = min(batch_size, len(names))
        for first in range(0, len(names), count):
            yield names[first : first + count], count


def _mirror(image: np.ndarray, size: Size, before: Sequence[int]) -> np.ndarray:
    """An image continued to a larger size by its reflection at the borders, again and again."""
    sides = zip(before, size, image.shape, strict=False)
    widths = [(first, side - own - first) for first, side, own in sides]
    return np.pad(image, (*widths, (0, 0)), "reflect")

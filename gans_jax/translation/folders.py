"""Translation of folders of images of any size, by the network of a run."""

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

from gans_jax import core, pictures
from gans_jax.core import Direction, State
from gans_jax.data import DataError, ImageFolder
from gans_jax.data.decoding import SUFFIXES, decode
from gans_jax.data.image import to_array, to_uint8
from gans_jax.data.pairs import by_name
from gans_jax.data.skipping import BadExample, OnBad
from gans_jax.data.source import check_choice, shown
from gans_jax.pictures import sheets
from gans_jax.runs import folder
from gans_jax.runs.config import ConfigError
from gans_jax.runs.progress import Progress
from gans_jax.translation.compiled import OTHER, UNFIT, CompiledTranslator, Size, UnfitError

SHEET_ROWS = 16


class Translated(NamedTuple):
    """The files that were written, and the reasons why images were skipped."""

    written: tuple[Path, ...]
    skipped: tuple[str, ...]


def translate_folder(
    workdir: str | os.PathLike[str],
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    direction: Direction = "a_to_b",
    *,
    seed: int = 0,
    deterministic: bool = False,
    batch_size: int = 4,
    on_bad: OnBad = "raise",
    sheet: str | os.PathLike[str] | None = None,
    extra: Sequence[Any] = (),
    progress: bool = True,
) -> Translated:
    """Translates all images under a folder into PNG files of the same names under another.

    Images may have any size. Where the network takes only multiples of a power of two, an image is
    mirrored at its borders up to the next multiple, and its translation is cut back. Each size is
    compiled anew, and each image is translated as if it were alone.

    All images are read before the first file is written, so that an image that cannot be used ends
    this without any change. Such an image cannot be read, has colours where the run has grey
    images, or has a size that the network does not take. No file is replaced.

    Args:
      workdir: the run folder.
      source: the folder of images, or one image.
      target: the folder to write to, which is made if it is missing; for one image a PNG file, too.
      direction: `a_to_b` or `b_to_a`.
      seed: the seed of the noise of methods that translate with noise, such as pix2pix. The noise
        also depends on the name of the image.
      deterministic: translates without noise, whatever the seed.
      batch_size: how many images of one size are translated at a time.
      on_bad: `raise` to end at an image that cannot be used, `skip` to leave it out.
      sheet: a PNG file for the first 16 images, their translations, these translated back, and the
        attention, as far as the method has them, with at most 1024 pixels to a side each.
      extra: classes and functions of the user's own that the experiment is made of.
      progress: whether a progress bar is shown.

    Raises:
      ConfigError: if the folder holds no run, or one that does not translate in this direction.
      CheckpointError: if the run has no intact checkpoint.
      DataError: if an image cannot be used, there are no images that can, a file to write exists,
        two images would be written to the same file, or one folder is in the other.
    """
    check_choice("on_bad", on_bad, ("raise", "skip"))
    network = _network(Path(workdir), direction, None if deterministic else seed, extra)
    files = _files(Path(source), Path(target))
    sizes, skipped = _survey(network, files, on_bad, progress)
    drawn = list(sizes)[: SHEET_ROWS if sheet else 0]
    rows: dict[str, dict[str, np.ndarray]] = {}
    with Progress("images translated" if progress else None, len(sizes)) as bar:
        for names, count in _batches(sizes, batch_size):
            images = [network.read(files[name][0]) for name in names]
            made, columns = network.translate(images, names, count, any(n in drawn for n in names))
            for index, name in enumerate(names):
                _check_new(files[name][1])  # names may differ in what the file system ignores
                files[name][1].parent.mkdir(parents=True, exist_ok=True)
                pictures.save(files[name][1], to_uint8(made[index]))
                rows[name] = {c: sheets.thinned(values[index]) for c, values in columns.items()}
            bar.update(len(names))
    if sheet:
        pictures.save(Path(sheet), sheets.sheet([rows[name] for name in drawn]))
    return Translated(tuple(files[name][1] for name in sizes), skipped)


@dataclasses.dataclass(frozen=True)
class _Network:
    """The method and the state of a run, for one direction and one number of channels."""

    translator: CompiledTranslator
    state: State
    direction: Direction
    channels: int
    seed: int | None

    def padded(self, size: Size) -> Size:
        return self.translator.padded(self.state, size, self.channels, self.direction)

    def read(self, path: Path) -> np.ndarray:
        """Reads an image as uint8 `[h, w, channels]`.

        Raises:
          BadExample: if the file holds no image, or one in colour for a network of grey images.
        """
        image = to_array(decode(path, 3))
        if self.channels == 1 and (image != image[..., :1]).any():
            name = shown(path)
            raise BadExample(f"{name} has colours, but the run takes grey images: make it grey")
        return image[..., : self.channels]

    def translate(
        self, images: Sequence[np.ndarray], names: Sequence[str], count: int, sheet: bool
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Translates images of one size.

        Args:
          images: uint8 `[h, w, c]` each.
          names: their names, which the noise depends on.
          count: how many images the compiled program takes. It is filled up with repeated images,
            so that the last batch needs no program of its own.
          sheet: whether the columns of a sheet are wanted, too.

        Returns:
          The translations, and the columns by their names; both `[count, h, w, c]` in [-1, 1].
        """
        size = images[0].shape[:2]
        padded = self.padded(size)
        before = [(side - own) // 2 for side, own in zip(padded, size, strict=True)]
        sides = zip(before, padded, size, strict=True)
        widths = [(first, side - own - first) for first, side, own in sides]
        order = [i % len(images) for i in range(count)]
        # Images are mirrored at their borders, as often as needed to reach the size.
        batch = np.stack([images[i] for i in order])
        batch = np.pad(batch, ((0, 0), *widths, (0, 0)), "reflect")
        keys = self._keys([names[i] for i in order])
        made = self.translator.translate(self.state, batch, self.direction, keys)
        columns: dict[str, jax.Array] = {}
        if sheet:
            columns = self.translator.columns(self.state, batch, made, self.direction, keys)
        (top, left), (height, width) = before, size

        def cut(values: jax.Array) -> np.ndarray:
            return np.asarray(values)[:, top : top + height, left : left + width]

        return cut(made), {name: cut(values) for name, values in columns.items()}

    def _keys(self, names: Sequence[str]) -> jax.Array | None:
        if self.seed is None:
            return None
        encoded_names = [name.encode("utf-8", "surrogateescape") for name in names]
        numbers = jnp.array([zlib.crc32(encoded) for encoded in encoded_names], jnp.uint32)
        return jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(self.seed), numbers)


def _network(
    workdir: Path, direction: Direction, seed: int | None, extra: Sequence[Any]
) -> _Network:
    """Loads the network of a run.

    Raises:
      ConfigError: if the run does not translate images in this direction.
    """
    if direction not in OTHER:
        raise ConfigError(f"there is no direction {direction!r}: choose a_to_b or b_to_a")
    experiment, state = folder.load(workdir, extra)
    method, shapes = experiment.method, folder.batch_shapes(workdir)
    if not core.is_translator(method) or not {"a", "b"} <= shapes.keys():
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
        translate = functools.partial(method.translate, direction=direction, deterministic=True)
        jax.eval_shape(translate, state, images)
    except UNFIT as error:
        raise ConfigError(f"{workdir} cannot be used: {error}") from error
    return _Network(CompiledTranslator(method), state, direction, channels, seed)


def _files(source: Path, target: Path) -> dict[str, tuple[Path, Path]]:
    """Pairs each image's file with the file of its translation, by the image's name.

    Raises:
      DataError: if a file of a translation exists or cannot have its name, or one of the folders is
        in the other.
    """
    if source.is_file():
        if target.suffix.lower() in {*SUFFIXES} - {".png"}:
            raise DataError(
                f"{shown(target)} cannot be written, since translations are PNG files: choose an "
                "--output that ends in .png, or a folder"
            )
        path = target if target.suffix == ".png" else target / f"{source.stem}.png"
        _check_new(path)
        return {source.stem: (source, path)}
    found = ImageFolder(str(source), size=None)
    names = by_name(found)
    inside, outside = source.resolve(), target.resolve()
    if inside in (outside, *outside.parents) or outside in inside.parents:
        raise DataError(
            f"the images of {shown(source)} cannot go to {shown(target)}, since one of these "
            "folders is in the other: choose another --output"
        )
    pairs = {name: (source / found.files[i], target / f"{name}.png") for name, i in names.items()}
    parts = {part for _, path in pairs.values() for part in path.relative_to(target).parts}
    made = next(folder for folder in (outside, *outside.parents) if folder.exists())
    _exists(made / max(parts, key=lambda part: len(os.fsencode(part))))
    for _, path in pairs.values():
        _check_new(path)
    return pairs


def _check_new(path: Path) -> None:
    """Raises a DataError if there is a file at a path."""
    if _exists(path):
        raise DataError(f"{shown(path)} exists already: remove it, or choose another --output")


def _exists(path: Path) -> bool:
    """Returns whether there is a file at a path.

    Raises:
      DataError: if there cannot be one, such as for the length of its name.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        reason = f"{shown(path)} cannot be written ({error.strerror})"
        raise DataError(f"{reason}: choose another --output") from error
    return True


def _survey(
    network: _Network, files: dict[str, tuple[Path, Path]], on_bad: OnBad, progress: bool
) -> tuple[dict[str, Size], tuple[str, ...]]:
    """Reads all images.

    Returns:
      The sizes of the images that can be used, by name, and the reasons why others cannot.

    Raises:
      DataError: if an image cannot be used and `on_bad` is `raise`, or if no image can be used.
    """
    padded = functools.cache(network.padded)
    sizes: dict[str, Size] = {}
    skipped = []
    with Progress("images read" if progress else None, len(files)) as bar:
        for name, (path, _) in files.items():
            try:
                size = network.read(path).shape[:2]
                try:
                    padded(size)
                except UnfitError as error:
                    raise BadExample(f"{shown(path)}: {error}") from error
                sizes[name] = size
            except BadExample as error:
                if on_bad == "raise":
                    raise
                skipped.append(str(error))
            bar.update()
    if not sizes:
        raise DataError(f"none of {len(skipped)} images can be used: {skipped[0]}")
    return sizes, tuple(skipped)


def _batches(sizes: dict[str, Size], batch_size: int) -> Iterator[tuple[list[str], int]]:
    """Yields the names of images of one size, and how many the program for this size takes."""
    groups = defaultdict(list)
    for name, size in sizes.items():
        groups[size].append(name)
    for names in groups.values():
        count = min(batch_size, len(names))
        for first in range(0, len(names), count):
            yield names[first : first + count], count

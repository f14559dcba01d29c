"""What of a source is packed, and which source of the packed data takes its place.

A source that orders its examples itself has no examples to pack: a stream draws each of its windows
and corruptions anew. So what is packed are the images before anything is drawn, and the source
that reads them draws as the first one did.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gans_jax.data import (
    TFDS,
    Augment,
    DigitDomains,
    Excluding,
    HuggingFace,
    ImageFolder,
    Packed,
    PairedFolder,
    RandomAccess,
    RandomCrop,
    Unaligned,
    Unpaired,
    UnpairedFolders,
)
from gans_jax.data.augment import Fitted
from gans_jax.data.source import AnySource, DataError, Drawn, Example, Shape, Source
from gans_jax.data.tasks import Task
from gans_jax.tools.pack.in_order import readable

STILL = Augment(enlarge=1.0, flip=False)
# They bring images to a `size`, so that a larger one leaves a margin around the same image.
RESIZING = ImageFolder | TFDS | HuggingFace | RandomAccess | PairedFolder

Rebuild: TypeAlias = Callable[[Mapping[str, Packed]], Source]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Images(Fitted):
    """The examples of a source, with the image resized and cut as `Fitted` describes.

    Attributes:
      source: a source of images.
    """

    source: AnySource

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Example:
        example = self.source[index]
        (image,) = self._fit(index, lambda: [example["image"]], None)
        return example | {"image": image}

    def shapes(self) -> dict[str, Shape]:
        return {"image": (self.size, self.size, None)}


def margin_of(source: Source) -> int:
    """Returns by how many pixels the windows of a source's stream move."""
    if isinstance(source, Unaligned):
        return margin_of(source.source)
    if not isinstance(source, Fitted) or source.size is None:
        return 0
    return round(source.size * source.augment.enlarge) - source.size


def taken_apart(source: Source, margin: int) -> tuple[dict[str, Source], Rebuild]:
    """Returns the sources to pack, by the folder for each, and what rebuilds the whole of them.

    Args:
      source: the source of an experiment.
      margin: by how many pixels the packed images are larger than the source's `size`.

    Raises:
      DataError: if the examples of the source are only there when they are drawn, or it cannot
        leave a margin.
    """
    if isinstance(source, Unaligned):
        parts, rebuild = taken_apart(source.source, margin)
        return parts, lambda packed: dataclasses.replace(source, source=rebuild(packed))
    if isinstance(source, Task):
        images = _images(source.source, source, margin)
        return {"": images}, lambda packed: dataclasses.replace(source, source=packed[""])
    if isinstance(source, Unpaired | UnpairedFolders | DigitDomains):
        a, b = (_images(domain, source, margin) for domain in (source.a, source.b))
        domains: dict[str, Source] = {"a": a, "b": b}
        size, augment, cache = source.size, source.augment, source.cache
        return domains, lambda packed: Unpaired(
            packed["a"], packed["b"], size=size, augment=augment, cache=cache
        )
    if isinstance(source, PairedFolder):
        if source.size is None:
            raise DataError("pairs of any size cannot be packed: give the PairedFolder a `size`")
        size, flip = source.size, source.augment.flip
        still = dataclasses.replace(source, augment=STILL, cache=0)
        return {"": _larger(still, margin)}, lambda packed: RandomCrop(packed[""], size, flip)
    if isinstance(source, Drawn):
        name = type(source).__name__
        raise DataError(
            f"{name} draws its examples anew each time, so that it has none to pack: pack the "
            f"sources inside it, and put data.Packed(OUT) in their places in {name}"
        )
    size = _size(source)
    larger = readable(_larger(source, margin))
    return {"": larger}, lambda packed: RandomCrop(packed[""], size) if margin else packed[""]


def _images(source: Source, fitted: Fitted, margin: int) -> Images:
    """Returns the images of one domain as a source brings them to their size, before it draws."""
    size = fitted.size
    if size is None and margin:
        raise _no_margin(fitted)
    images, side = readable(source), None if size is None else size + margin
    return Images(source=images, size=side, cache=0)


def _larger(source: Any, margin: int) -> Source:
    """Returns a source with images that are larger by the margin."""
    if not margin:
        return source
    if isinstance(source, Excluding):
        return dataclasses.replace(source, source=_larger(source.source, margin))
    if not isinstance(source, RESIZING) or source.size is None:
        raise _no_margin(source)
    return dataclasses.replace(source, size=source.size + margin)


def _size(source: Any) -> Any:
    return _size(source.source) if isinstance(source, Excluding) else getattr(source, "size", None)


def _no_margin(source: object) -> DataError:
    return DataError(
        f"{type(source).__name__} has no images that were resized to a `size`, and so can leave no "
        "margin: give it a `size`, or leave out `--margin`"
    )

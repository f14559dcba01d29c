"""Data sets of the Hugging Face hub and of its file formats."""

import dataclasses
import functools
from typing import Any

from gans_jax.core import checks, extras
from gans_jax.data.held import example_of
from gans_jax.data.source import DataError, Example


@dataclasses.dataclass(frozen=True)
class HuggingFace:
    """A split of a data set that `datasets.load_dataset` finds, by its name or in a folder.

    The library downloads a data set of the hub once; a folder of Parquet files, or of images with
    `metadata.csv`, is read where it lies. A data set that is a Python object already, such as one
    after `map` or `filter`, is read by `RandomAccess(dataset, "image", "label")`.

    Examples: `image` uint8 [h, w, c]; `label` int32 if there is one.

    Attributes:
      path: the name of the data set, such as "ylecun/mnist", or a folder.
      split: such as "train", "test" or "train[:10%]".
      column: the name of the column of images.
      label: the name of the column of labels; None for examples without one.
      size: the shorter side is resized to it and the centre is cut, as in `ImageFolder`; None keeps
        the sizes of the images.

    Raises (at first use):
      DataError: if `datasets` is not installed, the data set is not found, or it has no such column
        of images.
    """

    path: str
    split: str = "train"
    column: str = "image"
    label: str | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        checks.positive(size=self.size)

    @functools.cached_property
    def examples(self) -> Any:
        """The rows of the split, with all columns of the data set."""
        if lack := extras.lack("datasets"):
            raise DataError(f"reading {self.path!r} {lack}")
        import datasets  # takes a second

        try:
            return datasets.load_dataset(self.path, split=self.split)
        except (ValueError, OSError, datasets.exceptions.DatasetsError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(" .:")
            raise DataError(
                f"datasets cannot read {self.path!r}, split {self.split!r} ({reason}): check both, "
                "and the connection where the data set is on the hub"
            ) from error

    def fingerprint(self) -> str:
        """Returns the fingerprint that the library gives to the split."""
        return str(self.examples._fingerprint)

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Example:
        return example_of(self.examples[index], self.column, self.label, self.size)

"""Datasets prepared by TensorFlow Datasets, read without TensorFlow."""

import dataclasses
import functools
import hashlib
import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gans_jax.core import checks
from gans_jax.data.image import fit_square, from_array, to_array
from gans_jax.data.source import DataError, Example, Shape


@dataclasses.dataclass(frozen=True)
class TFDS:
    """A split of a dataset in array_record files, read by `tfds.data_source`.

    Features other than `image` and `label` are dropped. Nothing is downloaded: preparing a dataset
    needs TensorFlow once.

    Examples: `image` uint8 [h, w, c]; `label` int32 if the dataset has one.

    Attributes:
      name: the dataset's name in TensorFlow Datasets, such as "cifar10".
      split: such as "train", "test" or "train[:10%]".
      data_dir: where the dataset is prepared; None for the default of TensorFlow Datasets.
      size: the shorter side is resized to it and the centre is cut, as in `ImageFolder`; without
        it, images must all have one shape to be batched.

    Raises (at first use):
      DataError: if tensorflow-datasets is missing, the dataset is unknown or not prepared in a
        format with random access, or its images are not uint8.
    """

    name: str
    split: str = "train"
    data_dir: str | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        checks.positive(size=self.size)

    @functools.cached_property
    def examples(self) -> Sequence[dict[str, Any]]:
        """The examples of the split, with all features of the dataset."""
        return self._call("data_source", split=self.split, download=False)

    def shapes(self) -> dict[str, Shape]:
        """Returns the shapes as the dataset's description has them, which needs no data."""
        features = self._call("builder").info.features
        height, width, channels = features["image"].shape
        image = self.size or height, self.size or width, channels
        return {"image": image} | ({"label": ()} if "label" in features else {})

    def fingerprint(self) -> str:
        """Returns a digest of the data set's version and of the shards of all its splits."""
        info = self._call("builder").info
        splits = {n: [int(s.num_bytes), *s.shard_lengths] for n, s in info.splits.items()}
        return hashlib.sha256(json.dumps([info.full_name, splits]).encode()).hexdigest()

    def lacks_random_access(self) -> bool:
        """Returns whether the dataset is prepared in tfrecord files alone, as TensorFlow reads."""
        formats = self._call("builder").info.available_file_formats()
        return {each.value for each in formats} == {"tfrecord"}

    def in_order(self, start: int) -> Iterator[Example]:
        """Yields the examples of the split from number `start` on, read by TensorFlow.

        Raises:
          DataError: if TensorFlow is not installed, or `converted` raises it.
        """
        if importlib.util.find_spec("tensorflow") is None:
            raise DataError(
                f"{self.name!r} is prepared as tfrecord, which TensorFlow alone reads: run `pip "
                "install tensorflow`, or prepare the dataset with file_format='array_record'"
            )
        import tensorflow_datasets as tfds

        how = tfds.ReadConfig(interleave_cycle_length=1)  # one file after the other
        found = self._call("builder").as_dataset(self.split, shuffle_files=False, read_config=how)
        return map(self.converted, tfds.as_numpy(found.skip(start)))

    def num_in_order(self) -> int:
        """Returns how many examples `in_order` yields from the first on."""
        return int(self._call("builder").info.splits[self.split].num_examples)

    def _call(self, function: str, **options: Any) -> Any:
        """Calls a function of tensorflow_datasets on the dataset."""
        try:
            import tensorflow_datasets  # takes half a second
        except ImportError as error:
            raise DataError(
                f"reading {self.name!r} needs tensorflow-datasets: "
                "run `pip install tensorflow-datasets`"
            ) from error
        try:
            return getattr(tensorflow_datasets, function)(
                self.name, data_dir=self.data_dir, **options
            )
        except (NotImplementedError, ValueError, KeyError, AssertionError, OSError) as error:
            raise DataError(self._remedy(error)) from error

    def _remedy(self, error: Exception) -> str:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(" .:")
        where = "" if self.data_dir is None else f"data_dir={self.data_dir!r}, "
        builder = f"tfds.builder({self.name!r}, {where}file_format='array_record')"
        command = f"import tensorflow_datasets as tfds; {builder}.download_and_prepare()"
        return (
            f"tfds cannot read {self.name!r}, split {self.split!r} ({reason}): check both, and "
            "unless it is prepared in a format with random access, run "
            f'`python -c "{command}"` in a data_dir without an older copy'
        )

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Example:
        return self.converted(self.examples[index])

    def converted(self, found: Mapping[str, Any]) -> Example:
        """Returns the example in the features that the dataset has for one index."""
        if "image" not in found:
            raise DataError(f"{self.name!r} has {sorted(found)}, but no 'image': choose another")
        image = np.asarray(found["image"])
        if image.dtype != np.uint8:
            raise DataError(f"{self.name!r} has {image.dtype} images: choose one with uint8 images")
        if self.size is not None:
            image = to_array(fit_square(from_array(image), self.size))
        example = {"image": image}
        if "label" in found:
            example["label"] = np.array(found["label"], np.int32)
        return example

"""The evaluation of images in folders, whatever program made them."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from gans_jax.evaluation.evaluator import Evaluator
from gans_jax.evaluation.result import Result
from gans_jax.evaluation.sets import Examples, of_folder


def evaluate_folders(
    real: str,
    fake: str,
    names: Sequence[str] | None = None,
    *,
    train: str | None = None,
    num: int | None = None,
    size: int | None = None,
    channels: Literal[1, 3] | None = None,
    split: str | None = None,
    weights: Path | None = None,
    sha256: str | None = None,
    picture: Path | None = None,
) -> list[Result]:
    """Compares the images of two folders.

    Args:
      real: the folder of real images.
      fake: the folder of generated images.
      names: the metrics; by default all that apply without a download.
      train: the folder of the images that the fakes were learned from.
      num: how many images of `real` and `fake` are compared at most; they are chosen at random.
      size: the side in pixels to which all images are resized.
      channels: 1 to read all images as grey, 3 as RGB; by default RGB unless all are grey.
      split: which split of their data the real images are.
      weights: the file of Inception's weights.
      sha256: the hash that this file must have.
      picture: a PNG file for the metric that makes a picture.

    Raises:
      DataError: if images cannot be read or have several sizes.
      EvaluationError: see `Evaluator`.
      WeightsError: see `Evaluator`.
    """

    def read(channels: Literal[1, 3] | None) -> dict[str, Examples]:
        found = {
            "real": of_folder(real, num, channels=channels, size=size),
            "fake": of_folder(fake, num, channels=channels, size=size),
        }
        if train is not None:
            found["train"] = of_folder(train, channels=channels, size=size)
        return found

    sets = read(channels)
    if len({examples.shape[2] for examples in sets.values()}) > 1:
        sets = read(channels=3)
    evaluator = Evaluator(
        dataclasses.replace(sets["real"], split=split),
        training=sets.get("train"),
        weights=weights,
        sha256=sha256,
    )
    return evaluator(sets["fake"], names, picture)

"""Five thousand handwritten digits that ship with the package."""

import dataclasses
import functools
from pathlib import Path
from typing import Literal

import numpy as np

from gans_jax.data.image import pad_square
from gans_jax.data.source import InMemory, check_choice

FILE = Path(__file__).with_name("digits.npz")
CLASSES, TRAIN_PER_CLASS = 10, 400


@dataclasses.dataclass(frozen=True)
class Digits(InMemory):
    """500 MNIST digits per class (LeCun, Cortes & Burges); DIGITS.md states where they come from.

    The first 400 of each class are the training set, the last 100 the test set. All come from
    MNIST's own training set, so results on `test` cannot be compared with published ones.

    Examples: `image` uint8 [size, size, 1], white on black, surrounded with zeros at size 32;
    `label` int32.

    Attributes:
      split: the training or the test digits.
      size: the side of the images.
    """

    split: Literal["train", "test"] = "train"
    size: Literal[28, 32] = 28

    def __post_init__(self) -> None:
        check_choice("split", self.split, ("train", "test"))
        check_choice("size", self.size, (28, 32))

    @functools.cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        with np.load(FILE, allow_pickle=False) as file:
            images, labels = file["images"], file["labels"]
        wanted = slice(TRAIN_PER_CLASS) if self.split == "train" else slice(TRAIN_PER_CLASS, None)
        chosen = np.concatenate([np.flatnonzero(labels == c)[wanted] for c in range(CLASSES)])
        return {
            "image": pad_square(images[chosen][..., None], self.size),
            "label": labels[chosen].astype(np.int32),
        }

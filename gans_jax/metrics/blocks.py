"""Running a feature network over any number of images."""

import functools
from collections.abc import Callable
from typing import Any

import chex
import flax.linen as nn
import jax
import numpy as np

from gans_jax.data.image import to_uint8


@functools.partial(jax.jit, static_argnums=0)
def apply_precisely(network: nn.Module, params: chex.ArrayTree, images: jax.Array) -> Any:
    """Runs a network in full float32.

    TPUs would multiply in bfloat16 and GPUs in TF32, which changes the third digit of FID.
    """
    with jax.default_matmul_precision("highest"):
        return network.apply({"params": params}, images)


def in_blocks(network: Callable[[np.ndarray], Any], images: np.ndarray, size: int) -> Any:
    """Returns the outputs of a network for any number of images, `size` of them at a time.

    The network sees uint8 images, and always `size` of them: the last block is filled up with
    zeros. So one program serves all batches, and the features of an image do not depend, not even
    in their last bit, on the images beside it.

    Args:
      network: a function of uint8 `[size, h, w, c]` to a tree of arrays `[size, ...]`.
      images: `[n, h, w, c]` with n > 0, uint8, or float in [-1, 1], which is rounded as in a PNG
        file.
      size: images in a block.

    Returns:
      A tree of arrays `[n, ...]`, as the network returns.
    """
    chex.assert_rank(images, 4)
    outputs = []
    for start in range(0, len(images), size):
        block = images[start : start + size]
        block = block if block.dtype == np.uint8 else to_uint8(block)
        filled = np.concatenate([block, np.zeros((size - len(block), *block.shape[1:]), np.uint8)])
        outputs.append(jax.device_get(network(filled)))
    return jax.tree.map(lambda *parts: np.concatenate(parts)[: len(images)], *outputs)

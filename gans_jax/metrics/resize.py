"""The two ways to bring images to a feature network's size; distances of one do not compare with
those of the other (Parmar, Zhang & Zhu 2022, arXiv:2104.11222)."""

import numpy as np
from PIL import Image


def resize_legacy(images: np.ndarray, size: int) -> np.ndarray:
    """Bilinear without antialiasing from the top left pixel on, as TensorFlow 1 did.

    uint8 `[n, h, w, c]` to float32 `[n, size, size, c]` in 0..255; as in torch-fidelity.
    """
    rows, columns = (_bilinear(side, size) for side in images.shape[1:3])
    return np.einsum("ph,nhwc,qw->npqc", rows, images.astype(np.float32), columns, optimize=True)


def resize_clean(images: np.ndarray, size: int) -> np.ndarray:
    """Bicubic with antialiasing, without rounding or clipping after it, as in clean-fid.

    uint8 `[n, h, w, c]` to float32 `[n, size, size, c]`, which may lie a little outside 0..255.
    """
    resized = np.empty((len(images), size, size, images.shape[3]), np.float32)
    for image, out in zip(images.astype(np.float32), resized, strict=True):
        for channel in range(images.shape[3]):
            plane = Image.fromarray(np.ascontiguousarray(image[..., channel]))
            out[..., channel] = plane.resize((size, size), Image.Resampling.BICUBIC)
    return resized


def _bilinear(side: int, size: int) -> np.ndarray:
    """The matrix [size, side] of weights of the pixels below and above each position."""
    position = np.arange(size, dtype=np.float32) * np.float32(side / size)
    below = position.astype(int)
    above = np.minimum(below + 1, side - 1)
    weights = np.zeros((size, side), np.float32)
    np.add.at(weights, (np.arange(size), below), 1 - (position - below))
    np.add.at(weights, (np.arange(size), above), position - below)
    return weights

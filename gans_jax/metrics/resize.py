"""The two ways to bring images to the size that a feature network takes.

Distances after one resize cannot be compared with distances after the other (Parmar, Zhang & Zhu
2022, arXiv:2104.11222).
"""

import numpy as np
from PIL import Image


def resize_legacy(images: np.ndarray, size: int) -> np.ndarray:
    """Resizes as TensorFlow 1 did: bilinear, without antialiasing, from the top left pixel on.

    It maps uint8 `[n, h, w, c]` to float32 `[n, size, size, c]` in 0..255, as torch-fidelity does.
    """
    rows, columns = (_bilinear(side, size) for side in images.shape[1:3])
    return np.einsum("ph,nhwc,qw->npqc", rows, images.astype(np.float32), columns, optimize=True)


def resize_clean(images: np.ndarray, size: int) -> np.ndarray:
    """Resizes as clean-fid does since February 2022: bicubic with antialiasing, clipped, unrounded.

    It maps uint8 `[n, h, w, c]` to float32 `[n, size, size, c]` in 0..255.
    """
    resized = np.empty((len(images), size, size, images.shape[3]), np.float32)
    for image, out in zip(images.astype(np.float32), resized, strict=True):
        for channel in range(images.shape[3]):
            plane = Image.fromarray(np.ascontiguousarray(image[..., channel]))
            out[..., channel] = np.asarray(plane.resize((size, size), Image.Resampling.BICUBIC))
    return resized.clip(0, 255, out=resized)


def _bilinear(side: int, size: int) -> np.ndarray:
    """Returns the weights [size, side] of the two pixels beside each position."""
    position = np.arange(size, dtype=np.float32) * np.float32(side / size)
    below = position.astype(int)
    above = np.minimum(below + 1, side - 1)
    weights = np.zeros((size, side), np.float32)
    np.add.at(weights, (np.arange(size), below), 1 - (position - below))
    np.add.at(weights, (np.arange(size), above), position - below)
    return weights

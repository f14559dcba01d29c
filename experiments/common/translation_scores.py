"""Translates the images of a source, and scores the translations without labels."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import core, metrics
from gans_jax.data.source import Source, stack


def translated(
    method: core.Translator,
    state: Any,
    images: np.ndarray,
    batch_size: int,
    direction: core.Direction = "a_to_b",
    seed: int = 1,
) -> np.ndarray:
    """Returns the translations of images `[n, h, w, c]`, made in batches as large as in training.

    pix2pix normalises with the statistics of such a batch, and draws its dropout as in training.
    The images of a batch are drawn by lot, as in training: a set that is sorted by class would
    have batches of one class, whose statistics the network has never met.
    """
    translate = jax.jit(functools.partial(method.translate, direction=direction))
    order = np.random.default_rng(0).permutation(len(images))
    batches = [order[i : i + batch_size] for i in range(0, len(images), batch_size)]
    keys = jax.random.split(jax.random.key(seed), len(batches))
    made = [translate(state, images[x], key=k) for x, k in zip(batches, keys, strict=True)]
    return np.concatenate(made)[np.argsort(order)]


def spread(
    method: core.Translator,
    state: Any,
    images: np.ndarray,
    batch_size: int,
    direction: core.Direction = "a_to_b",
) -> float:
    """Returns the mean distance between two translations of an image with different noise."""
    of_seed = functools.partial(translated, method, state, images, batch_size, direction)
    return float(np.abs(of_seed(seed=1) - of_seed(seed=2)).mean())


def as_float(images: np.ndarray) -> np.ndarray:
    """Returns uint8 images as float32 in [-1, 1]."""
    return np.asarray(core.as_float(jnp.asarray(images)))


def stacked(source: Source) -> dict[str, np.ndarray]:
    """Returns all examples of a small source as arrays `[n, ...]`."""
    return stack([source[index] for index in range(len(source))])


def sharpness(images: np.ndarray) -> float:
    """Returns the mean length of the gradient of the grey image, over all pixels and images."""
    grey = as_float(images).mean(axis=-1)
    down, right = np.diff(grey, axis=1)[:, :, :-1], np.diff(grey, axis=2)[:, :-1]
    return float(np.hypot(down, right).mean())


def background_scores(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Returns PSNR and SSIM of a translation against its input outside of the object.

    PSNR takes the mean squared error over the pixels of the background. The windows of SSIM reach
    across the object's border, so the input's object is put into the translation first.

    Args:
      before: the inputs, `[n, h, w, c]` in [-1, 1].
      after: their translations, of the same shape and range.
      mask: the object's masks, `[n, h, w, 1]` in [0, 1]; the background is where they are 0.
    """
    background = mask == 0
    kept = np.where(background, after, before)
    share = background.mean(axis=(1, 2, 3))
    psnr = metrics.psnr(before, kept, data_range=2) + 10 * np.log10(share)
    ssim = metrics.ssim(before, kept, data_range=2)
    return {"psnr": float(psnr.mean()), "ssim": float(ssim.mean())}


def mask_iou(mask: np.ndarray, other: np.ndarray) -> float:
    """Returns the mean intersection over union of the places where two maps exceed 1/2.

    Both maps are `[n, h, w, 1]`; the mean is over the n images.
    """
    mask, other = mask > 0.5, other > 0.5
    intersection = (mask & other).sum(axis=(1, 2, 3))
    union = (mask | other).sum(axis=(1, 2, 3))
    return float((intersection / np.maximum(union, 1)).mean())

"""Reads the classes of facades from label images and from photos, and scores them.

A label image is read by the nearest colours of the palette. A photo is read by a small network that
was trained on the real pairs, as pix2pix's FCN-score reads photos of Cityscapes with FCN-8s. Its
scores compare with each other, and with no published ones.
"""

import dataclasses
from collections.abc import Iterator

import chex
import jax
import numpy as np
import optax
from jax import Array

from experiments.common.fit import fit
from experiments.common.translation_scores import as_float, stacked
from gans_jax import core, data, metrics
from gans_jax.networks import ResNetGenerator

CLASSES = len(metrics.FACADES.names)


def true_labels(pairs: data.PairedFolder, side: str, size: int) -> np.ndarray:
    """Returns the label maps `[n, size, size]` of the label images of a folder of pairs.

    Pixels are picked from the files at equal distances rather than blended, so that each has the
    colour of a class.

    Args:
      pairs: pairs without jitter, so that their images show all of each file, as the maps do.
      side: "a" or "b", the side of the label images.
      size: the width and height of the maps.
    """
    label_images = stacked(dataclasses.replace(pairs, size=None))[side]
    maps = metrics.label_map(label_images, metrics.FACADES, ignore=True)
    step = maps.shape[1] // size
    return maps[:, step // 2 :: step, step // 2 :: step]


def label_scores(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Returns per-pixel accuracy, per-class accuracy and class IoU of label maps `[n, h, w]`."""
    return metrics.segmentation_scores(metrics.confusion_matrix(truth, predicted, CLASSES))


def read_labels(images: np.ndarray) -> np.ndarray:
    """Returns the label maps `[n, h, w]` that label images `[n, h, w, 3]` show."""
    return metrics.label_map(images, metrics.FACADES, ignore=False)


class Segmenter(ResNetGenerator):
    """Photos to a logit for each class of facades, `[n, h, w, 3] -> [n, h, w, 12]`."""

    channels: int = CLASSES
    features: int = 16
    blocks: int = 3

    def _output(self, x: Array) -> Array:
        return x


def train_segmenter(
    photos: np.ndarray, truth: np.ndarray, iterations: int = 400, batch_size: int = 8
) -> chex.ArrayTree:
    """Returns the parameters of a `Segmenter` that learned real photos and their label maps.

    Adam's learning rate decays from 2e-3 to 0 along a cosine. A batch is mirrored half of the time.
    """
    rng = np.random.default_rng(0)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for _ in range(iterations):
            chosen, step = rng.integers(0, len(photos), batch_size), 1 - 2 * int(rng.integers(2))
            yield photos[chosen, :, ::step], truth[chosen, :, ::step]

    def loss(params: chex.ArrayTree, batch: tuple[Array, Array]) -> Array:
        images, labels = batch
        logits = Segmenter().apply(params, core.as_float(images))
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    params = jax.jit(Segmenter().init)(jax.random.key(0), as_float(photos[:1]))
    optimizer = optax.adam(optax.cosine_decay_schedule(2e-3, iterations))
    return fit(loss, params, optimizer, batches())


@jax.jit
def _classes(params: chex.ArrayTree, images: Array) -> Array:
    return Segmenter().apply(params, core.as_float(images)).argmax(axis=-1)


def read_photos(params: chex.ArrayTree, photos: np.ndarray, batch_size: int = 8) -> np.ndarray:
    """Returns the label maps `[n, h, w]` that a `Segmenter` sees in photos `[n, h, w, 3]`."""
    starts = range(0, len(photos), batch_size)
    return np.concatenate(
        [np.asarray(_classes(params, photos[s : s + batch_size])) for s in starts]
    )

"""How well images were translated: shared by the experiments on pairs and on pasted objects.

On facades the label images are read by the nearest colour of the palette; photos are read by a
small network that was trained on the real pairs, as pix2pix's FCN-score does with FCN-8s on
Cityscapes. Its numbers compare with each other, and with no published ones.
"""

import dataclasses
import functools
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from gans_jax import core, data, metrics
from gans_jax.networks import ResNetGenerator

CLASSES = len(metrics.FACADES.names)


def trained(method: Any, source: Any, batch_size: int, iterations: int) -> tuple[Any, float]:
    """The state after training with seed 0, and the seconds it took, without compiling.

    Raises:
      FloatingPointError: if a metric of the last iteration is not finite.
    """
    stream = data.stream(source, batch_size, seed=0, method=method)
    keys = jax.random.split(jax.random.key(0))
    state = jax.jit(method.init)(keys[0], stream[0])
    step, start = jax.jit(method.step, donate_argnums=0), 0.0
    for t, batch in enumerate(stream.prefetch(0, iterations)):
        state, found = step(state, batch, jax.random.fold_in(keys[1], t))
        if t == 0:
            jax.block_until_ready(state)
            start = time.perf_counter()
    jax.block_until_ready(state)
    if broken := [name for name, value in found.items() if not np.isfinite(value)]:
        raise FloatingPointError(f"not finite after {iterations} iterations: {', '.join(broken)}")
    return state, time.perf_counter() - start


def translated(
    method: Any, state: Any, images: np.ndarray, batch_size: int, direction: str = "a_to_b"
) -> np.ndarray:
    """Translations of images `[n, h, w, c]`, made in batches as large as in training.

    pix2pix normalises with the statistics of such a batch, and draws its dropout as in training.
    """
    translate = jax.jit(functools.partial(method.translate, direction=direction))
    starts = range(0, len(images), batch_size)
    batches = (images[start : start + batch_size] for start in starts)
    keys = jax.random.split(jax.random.key(1), len(starts))
    return np.concatenate(
        [np.asarray(translate(state, x, key=k)) for x, k in zip(batches, keys, strict=True)]
    )


def as_float(images: np.ndarray) -> np.ndarray:
    """uint8 images as float32 in [-1, 1]."""
    return np.asarray(core.as_float(jnp.asarray(images)))


def stacked(source: Any) -> dict[str, np.ndarray]:
    """All examples of a source of few."""
    return data.source.stack([source[index] for index in range(len(source))])


def true_labels(pairs: data.PairedFolder, side: str, size: int) -> np.ndarray:
    """Label maps `[n, size, size]` of the files' own pixels: every so many, none blended.

    `pairs` have no jitter, so that they show all of each file, as the maps do.
    """
    own = stacked(dataclasses.replace(pairs, size=None))[side]
    maps = metrics.label_map(own, metrics.FACADES, ignore=True)
    step = maps.shape[1] // size
    return maps[:, step // 2 :: step, step // 2 :: step]


def label_scores(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Of label maps: per-pixel and per-class accuracy, class IoU."""
    return metrics.segmentation_scores(metrics.confusion_matrix(truth, predicted, CLASSES))


def read_labels(images: np.ndarray) -> np.ndarray:
    """The label maps that label images show."""
    return metrics.label_map(images, metrics.FACADES, ignore=False)


class Segmenter(ResNetGenerator):
    """Photos to a logit per class of facades, `[n, h, w, 3] -> [n, h, w, 12]`."""

    channels: int = CLASSES
    features: int = 16
    blocks: int = 3

    def _output(self, x: Array) -> Array:
        return x


def train_segmenter(photos: np.ndarray, truth: np.ndarray) -> Any:
    """Parameters of a `Segmenter`, learned from real photos and their label maps.

    400 iterations on 8 pairs, half of the time mirrored, of Adam with cosine decay from 2e-3 to 0.
    """
    iterations, batch_size, rng = 400, 8, np.random.default_rng(0)
    optimizer = optax.adam(optax.cosine_decay_schedule(2e-3, iterations))
    params = jax.jit(Segmenter().init)(jax.random.key(0), as_float(photos[:1]))
    opt_state = optimizer.init(params)

    def loss(params: Any, images: Array, labels: Array) -> Array:
        logits = Segmenter().apply(params, core.as_float(images))
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    @jax.jit
    def update(params: Any, opt_state: Any, images: Array, labels: Array) -> tuple[Any, Any]:
        gradients = jax.grad(loss)(params, images, labels)
        updates, opt_state = optimizer.update(gradients, opt_state, params)
        return optax.apply_updates(params, updates), opt_state

    for _ in range(iterations):
        chosen, step = rng.integers(0, len(photos), batch_size), 1 - 2 * int(rng.integers(2))
        batch = photos[chosen, :, ::step], truth[chosen, :, ::step]
        params, opt_state = update(params, opt_state, *batch)
    return params


@jax.jit
def _classes(params: Any, images: Array) -> Array:
    return Segmenter().apply(params, core.as_float(images)).argmax(axis=-1)


def read_photos(params: Any, photos: np.ndarray, batch_size: int = 8) -> np.ndarray:
    """The label maps that the network with these parameters sees in photos `[n, h, w, 3]`."""
    starts = range(0, len(photos), batch_size)
    return np.concatenate(
        [np.asarray(_classes(params, photos[s : s + batch_size])) for s in starts]
    )


def sharpness(images: np.ndarray) -> float:
    """The mean magnitude of the gradient of the channels' mean, per pixel."""
    grey = as_float(images).mean(axis=-1)
    down, right = np.diff(grey, axis=1)[:, :, :-1], np.diff(grey, axis=2)[:, :-1]
    return float(np.hypot(down, right).mean())


def background_scores(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """PSNR and SSIM of a translation against its input outside of the object.

    Images are `[n, h, w, c]` in [-1, 1], masks `[n, h, w, 1]` in [0, 1]; a pixel is background
    where the mask is 0. PSNR is that of the mean squared error over the background's pixels. For
    SSIM, whose windows reach across the border, the input's object is put into the translation.
    """
    background = mask == 0
    kept = np.where(background, after, before)
    share = background.mean(axis=(1, 2, 3))
    psnr = metrics.psnr(before, kept, data_range=2) + 10 * np.log10(share)
    ssim = metrics.ssim(before, kept, data_range=2)
    return {"psnr": float(psnr.mean()), "ssim": float(ssim.mean())}


def mask_iou(mask: np.ndarray, found: np.ndarray) -> float:
    """The mean over images of intersection over union of two maps, of the places above 1/2."""
    mask, found = mask > 0.5, found > 0.5
    both, either = ((f(mask, found)).sum(axis=(1, 2, 3)) for f in (np.logical_and, np.logical_or))
    return float((both / np.maximum(either, 1)).mean())

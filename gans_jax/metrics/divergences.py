"""Divergences between distributions over the same outcomes, in float64 and in nats.

Each divergence takes the probabilities p and q `[n]` of the outcomes, both in the same order, and
raises a ValueError if these are negative, do not sum to 1, or differ in number. A density is given
by its integrals over cells, a set of samples by `histograms`.
"""

import numpy as np

from gans_jax.metrics.distances import as_points


def total_variation(p: np.ndarray, q: np.ndarray) -> float:
    """Returns the maximum of |P(A) - Q(A)| over events A, half the sum of |p - q|, in [0, 1]."""
    p, q = _distributions(p, q)
    return float(np.abs(p - q).sum() / 2)


def kl_divergence(p: np.ndarray, q: np.ndarray) -> float:
    """Returns KL(p || q), the sum of p log(p / q); infinite if q is 0 where p is not."""
    p, q = _distributions(p, q)
    return max(_relative_entropy(p, q), 0.0)


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """Returns KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2, in [0, log 2].

    With these halves, the value of a GAN's game at its best discriminator is -log 4 + 2 JS
    (Goodfellow et al. 2014, arXiv:1406.2661, theorem 1). Arjovsky et al. 2017 (arXiv:1701.07875,
    section 2) write the sum without the halves, but the value log 2 of their example 1 has them.
    """
    p, q = _distributions(p, q)
    middle = (p + q) / 2
    return max(_relative_entropy(p, middle) + _relative_entropy(q, middle), 0.0) / 2


def pearson_chi2(p: np.ndarray, q: np.ndarray) -> float:
    """Returns chi^2(p || q), the sum of (q - p)^2 / p; infinite if p is 0 where q is not.

    LSGAN with b - c = 1 and b - a = 2 minimises chi^2(p + q || 2 q) for data p and samples q, which
    is twice chi^2((p + q) / 2 || q) (Mao et al. 2017, arXiv:1611.04076, equation 7).
    """
    p, q = _distributions(p, q)
    if np.any(q[p == 0] > 0):
        return float("inf")
    inside = p > 0
    return float((np.square(q - p)[inside] / p[inside]).sum())


def optimal_discriminator(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Returns D*(x) = p(x) / (p(x) + q(x)), for the data's density p and the samples' density q.

    It maximises E log D(x) + E log(1 - D(G(z))) (Goodfellow et al. 2014, proposition 1). Where both
    densities are 0, any value is as good, and the result is NaN.
    """
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    with np.errstate(invalid="ignore"):
        return p / (p + q)


def histograms(x: np.ndarray, y: np.ndarray, bins: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Returns the shares of two sets of samples in the cells of one grid around both.

    A divergence of these shares is biased upwards, the more so the fewer samples a cell has.

    Args:
      x: samples `[n, d]`, in few dimensions.
      y: samples `[m, d]`.
      bins: the number of cells along each axis.

    Returns:
      Two distributions `[bins ** d]`.

    Raises:
      ValueError: if the samples differ in dimension, or one set is empty.
    """
    x, y = as_points(x, y, np.float64)
    both = np.concatenate([x, y])
    limits = list(zip(both.min(axis=0), both.max(axis=0), strict=True))
    counts = [np.histogramdd(a, bins, limits)[0].ravel() for a in (x, y)]
    return counts[0] / len(x), counts[1] / len(y)


def probabilities(values: np.ndarray, name: str) -> np.ndarray:
    """Returns the values as float64 `[n]`.

    Raises:
      ValueError: if the values are not a distribution; it calls them `name`.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not np.all(values >= 0):
        raise ValueError(f"{name} must be probabilities [n], each 0 or more")
    if not np.isclose(values.sum(), 1, rtol=0, atol=1e-6):
        raise ValueError(f"{name} sums to {values.sum():.8g} and not to 1: divide it by its sum")
    return values


def _distributions(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p, q = probabilities(p, "p"), probabilities(q, "q")
    if len(p) != len(q):
        raise ValueError(f"p has {len(p)} outcomes and q has {len(q)}: give both over the same")
    return p, q


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> float:
    inside = p > 0
    with np.errstate(divide="ignore"):
        return float((p[inside] * (np.log(p[inside]) - np.log(q[inside]))).sum())

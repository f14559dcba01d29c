"""The Fréchet distance between Gaussians fitted to features."""

import warnings

import numpy as np

from gans_jax.metrics.gaussian import Gaussian


class FewSamplesWarning(UserWarning):
    """There are too few samples for the number of features, so that the distance is biased."""


def frechet_distance(p: Gaussian, q: Gaussian) -> float:
    """Returns |m_p - m_q|^2 + tr(C_p + C_q - 2 (C_p C_q)^(1/2)), the Fréchet distance.

    Heusel et al. 2017, arXiv:1706.08500. It is the squared Wasserstein-2 distance, in the square of
    the features' units, and it is called FID only with Inception's features. The estimate is biased
    upwards, the more so the fewer the samples: compare only distances of equal counts.

    The trace of the root comes from the eigenvalues of the symmetric C_p^(1/2) C_q C_p^(1/2), which
    equal the eigenvalues of C_p C_q. They are real, and singular covariances need no small multiple
    of the identity.

    Raises:
      ValueError: if the numbers of features differ.
    """
    if p.mean.shape != q.mean.shape:
        raise ValueError(
            f"Gaussians of {len(p.mean)} and {len(q.mean)} features have no distance: "
            "use one feature network for both"
        )
    for count in sorted({p.count, q.count}):
        if count <= len(p.mean):
            warnings.warn(
                f"a Fréchet distance of {count} samples, no more than the {len(p.mean)} features, "
                "is biased: use more samples, and compare it only with others of equal counts",
                FewSamplesWarning,
                stacklevel=2,
            )
    shift = np.square(p.mean - q.mean).sum()
    traces = np.trace(p.covariance) + np.trace(q.covariance)
    distance = shift + traces - 2 * _trace_of_root(p.covariance, q.covariance)
    return float(np.maximum(distance, 0))  # rounding may leave a little less than 0


def _trace_of_root(a: np.ndarray, b: np.ndarray) -> float:
    """Returns tr((a b)^(1/2)) of two covariances."""
    values, vectors = np.linalg.eigh(a)
    root = vectors * np.sqrt(np.maximum(values, 0))
    return np.sqrt(np.maximum(np.linalg.eigvalsh(root.T @ b @ root), 0)).sum()

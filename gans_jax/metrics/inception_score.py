"""The Inception score, of any classifier."""

import itertools

import numpy as np

from gans_jax.metrics.kernel_distance import Estimate


def inception_score(logits: np.ndarray, *, splits: int = 10, seed: int = 2020) -> Estimate:
    """exp(E KL(p(y|x) || p(y))) from logits `[n, classes]`, Salimans et al. 2016, arXiv:1606.03498.

    From 1 (one answer for all, or none certain) to the number of classes. The mean and standard
    deviation are over `splits` equal parts of the shuffled samples; the published numbers take
    50,000 samples in 10 splits. The seed's shuffle is torch-fidelity's. All given logits enter the
    softmax: for Inception of 2015 these are 1008, or the first 1000, which differ.

    Raises:
      ValueError: for fewer samples than splits.
    """
    if len(logits) < splits:
        raise ValueError(
            f"{len(logits)} samples do not fill {splits} splits: use more samples or fewer splits"
        )
    order = np.random.RandomState(seed).permutation(len(logits))
    bounds = [i * len(logits) // splits for i in range(splits + 1)]
    scores = [_score(logits[order[a:b]]) for a, b in itertools.pairwise(bounds)]
    return Estimate(float(np.mean(scores)), float(np.std(scores)))


def _score(logits: np.ndarray) -> float:
    from scipy.special import log_softmax

    log_p = log_softmax(logits.astype(np.float64), axis=1)
    p = np.exp(log_p)
    mean = p.mean(axis=0)
    # Where a mean is 0, so is every p that the logarithm multiplies.
    log_mean = np.log(mean, out=np.zeros_like(mean), where=mean > 0)
    return float(np.exp((p * np.where(p > 0, log_p - log_mean, 0)).sum(axis=1).mean()))

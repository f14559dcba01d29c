"""The Inception score, of any classifier."""

import itertools

import numpy as np

from gans_jax.metrics.kernel_distance import Estimate


def inception_score(logits: np.ndarray, *, splits: int = 10, seed: int = 2020) -> Estimate:
    """Returns exp(E KL(p(y|x) || p(y))), Salimans et al. 2016, arXiv:1606.03498.

    It lies between 1 (all samples get the same answer, or no answer is certain) and the number of
    classes. Published numbers are of 50,000 samples in 10 splits.

    Args:
      logits: of a classifier, `[n, classes]`. The softmax is over all of them. The scores of all
        1008 logits of Inception of 2015 and of its first 1000 differ.
      splits: the number of equal parts of the shuffled samples.
      seed: of the shuffle, which is torch-fidelity's.

    Returns:
      The mean and the standard deviation over the splits.

    Raises:
      ValueError: if there are fewer samples than splits.
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
    from scipy.special import log_softmax  # slow to import

    log_p = log_softmax(logits.astype(np.float64), axis=1)
    p = np.exp(log_p)
    mean = p.mean(axis=0)
    # Where the mean is 0, every p is 0, and so is its product with the logarithm.
    log_mean = np.log(mean, out=np.zeros_like(mean), where=mean > 0)
    return float(np.exp((p * np.where(p > 0, log_p - log_mean, 0)).sum(axis=1).mean()))

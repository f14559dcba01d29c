"""A linear support vector machine on features, which need scikit-learn."""

from typing import NamedTuple

import numpy as np


class SVMScores(NamedTuple):
    """The chosen weight of the errors, and the shares of images that are classified rightly."""

    weight: float
    validation: float
    test: float


def linear_svm(
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    weights: tuple[float, ...] = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
) -> SVMScores:
    """The accuracy of a linear L2-SVM on features `[n, d]` with integer labels `[n]`.

    Squared hinge, one class against the rest, as DCGAN has it (Radford et al. 2016, section 5.1).
    It is fitted to `train`, from which the features' means and standard deviations are, too; the
    weight of its errors (scikit-learn's C) is the best on `validation`, the smallest of equals;
    `test` is looked at once.

    Raises:
      ImportError: if scikit-learn is not installed.
    """
    try:
        from sklearn.svm import LinearSVC
    except ImportError as error:
        raise ImportError("a linear SVM needs scikit-learn: pip install 'gans_jax[svm]'") from error

    mean, std = train[0].mean(axis=0), train[0].std(axis=0)
    scale = lambda x: (x - mean) / np.where(std > 0, std, 1)
    x, accuracy = scale(train[0]), {}
    machines = {
        w: LinearSVC(C=w, max_iter=10_000, random_state=0).fit(x, train[1]) for w in weights
    }
    for weight, machine in machines.items():
        accuracy[weight] = machine.score(scale(validation[0]), validation[1])
    best = max(sorted(weights), key=accuracy.__getitem__)
    shares = accuracy[best], machines[best].score(scale(test[0]), test[1])
    return SVMScores(best, *map(float, shares))

"""A linear support vector machine on features; it needs scikit-learn."""

from typing import NamedTuple

import numpy as np

from gans_jax.core import extras


class SVMScores(NamedTuple):
    """The result of `linear_svm`.

    Attributes:
      weight: the chosen weight of the errors.
      validation: the share of the validation examples that are classified rightly.
      test: the share of the test examples that are classified rightly.
    """

    weight: float
    validation: float
    test: float


def linear_svm(
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    weights: tuple[float, ...] = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
) -> SVMScores:
    """Returns the accuracy of a linear L2-SVM, as DCGAN uses it (Radford et al. 2016, section 5.1).

    It has a squared hinge loss, one class against the rest. Features are scaled by their means and
    standard deviations on `train`.

    Args:
      train: features `[n, d]` and integer labels `[n]` to which the machines are fitted.
      validation: features and labels that choose the weight; of equally good ones the smallest.
      test: features and labels on which the chosen machine is tested once.
      weights: candidates for the weight of the errors (scikit-learn's C).

    Raises:
      ImportError: if scikit-learn is not installed or too old.
    """
    if missing := extras.lack("scikit-learn"):
        raise ImportError(f"a linear SVM {missing}")
    from sklearn.svm import LinearSVC  # an optional package

    mean, std = train[0].mean(axis=0), train[0].std(axis=0)
    scale = lambda x: (x - mean) / np.where(std > 0, std, 1)
    machines, accuracy = {}, {}
    for weight in weights:
        machine = LinearSVC(C=weight, max_iter=10_000, random_state=0)
        machines[weight] = machine.fit(scale(train[0]), train[1])
        accuracy[weight] = machine.score(scale(validation[0]), validation[1])
    best = max(sorted(weights), key=accuracy.__getitem__)
    tested = machines[best].score(scale(test[0]), test[1])
    return SVMScores(best, float(accuracy[best]), float(tested))

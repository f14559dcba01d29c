"""The Earth-Mover (Wasserstein-1) distance, by either of the two linear programs that define it.

The programs are each other's dual. Both are exact, up to the solver's tolerance of about 1e-7, and
meant for some hundred points, because the coupling has n x m unknowns. For more points there is
`sliced_wasserstein`.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from gans_jax.metrics.densities import pairwise_distances
from gans_jax.metrics.distances import as_points
from gans_jax.metrics.divergences import probabilities

Weights: TypeAlias = np.ndarray | None  # probabilities of points; None for equal ones


class Transport(NamedTuple):
    """The result of `earth_mover`.

    Attributes:
      distance: in units of the data.
      coupling: the mass that is moved from each x to each y, `[n, m]`.
    """

    distance: float
    coupling: np.ndarray


class Critic(NamedTuple):
    """The result of `lipschitz_critic`.

    Attributes:
      value: the largest E f(x) - E f(y).
      on_x: the f that reaches it, at the points of x, `[n]`.
      on_y: the same f at the points of y, `[m]`.
    """

    value: float
    on_x: np.ndarray
    on_y: np.ndarray


def earth_mover(x: np.ndarray, y: np.ndarray, p: Weights = None, q: Weights = None) -> Transport:
    """Returns the minimum over couplings of E |x - y|, in the Euclidean norm.

    Arjovsky et al. 2017, arXiv:1701.07875, equation 1.

    Args:
      x: points `[n, ...]`.
      y: points `[m, ...]` of the same space.
      p: the probabilities of the points of x, `[n]`; equal if None.
      q: the probabilities of the points of y, `[m]`; equal if None.

    Raises:
      ValueError: if the points differ in size, or the probabilities do not fit them.
    """
    from scipy import sparse  # slow to import

    x, y, p, q = _weighted(x, y, p, q)
    rows = sparse.kron(sparse.eye(len(x)), np.ones((1, len(y))))
    columns = sparse.kron(np.ones((1, len(x))), sparse.eye(len(y)))
    costs = pairwise_distances(x, y)
    marginals = np.concatenate([p, q])
    # p and q have the same sum, up to rounding, which would make the last equation contradict.
    equations = sparse.vstack([rows, columns], format="csr")[:-1]
    distance, coupling = _solve(costs.ravel(), A_eq=equations, b_eq=marginals[:-1])
    return Transport(max(distance, 0.0), coupling.reshape(costs.shape))


def lipschitz_critic(
    x: np.ndarray, y: np.ndarray, p: Weights = None, q: Weights = None, *, lipschitz: float = 1.0
) -> Critic:
    """Returns the maximum of E f(x) - E f(y) over functions f with |f(a) - f(b)| <= K |a - b|.

    By the Kantorovich-Rubinstein duality it is K times the Earth-Mover distance (equation 2 of the
    same paper). f is fixed by f(x[0]) = 0. The function -c_transform(-on_x, K |x - a|) of points a
    continues f to all of space.

    Args:
      x: as in `earth_mover`.
      y: as in `earth_mover`.
      p: as in `earth_mover`.
      q: as in `earth_mover`.
      lipschitz: the constant K.

    Raises:
      ValueError: as in `earth_mover`.
    """
    from scipy import sparse  # slow to import

    x, y, p, q = _weighted(x, y, p, q)
    points = np.concatenate([x, y])
    first, second = np.nonzero(~np.eye(len(points), dtype=bool))
    indicators = sparse.eye_array(len(points), format="csr")
    differences = indicators[first] - indicators[second]
    limits = lipschitz * pairwise_distances(points, points)[first, second]
    bounds = [(0, 0)] + [(None, None)] * (len(points) - 1)
    gains = np.concatenate([p, -q])
    loss, f = _solve(-gains, A_ub=differences, b_ub=limits, bounds=bounds)
    return Critic(max(-loss, 0.0), f[: len(x)], f[len(x) :])


def c_transform(psi: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Returns psi^c(y), the minimum over x of psi(x) + c(x, y) (Villani 2008, definition 5.2).

    It is the largest phi with phi(y) - psi(x) <= c(x, y), so that E phi(y) - E psi(x) is at most
    the optimal cost, and equal to it for some psi. The way back, the maximum over y of
    phi(y) - c(x, y), is `-c_transform(-phi, costs.T)`. If c is a distance and psi is 1-Lipschitz,
    psi^c continues psi.

    Args:
      psi: values at the points x, `[n]`.
      costs: c between each x and each y, `[n, m]`.

    Returns:
      Values at the points y, `[m]`.

    Raises:
      ValueError: if psi does not have one value for each row of the costs.
    """
    psi, costs = np.asarray(psi, np.float64), np.asarray(costs, np.float64)
    if psi.shape != costs.shape[:1]:
        raise ValueError(
            f"psi {psi.shape} does not fit costs {costs.shape}: give a value for each row"
        )
    return (psi[:, None] + costs).min(axis=0)


def _weighted(
    x: np.ndarray, y: np.ndarray, p: Weights, q: Weights
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    x, y = as_points(x, y, np.float64)
    return x, y, _weights(p, "p", x, "x"), _weights(q, "q", y, "y")


def _weights(values: Weights, name: str, points: np.ndarray, what: str) -> np.ndarray:
    if values is None:
        return np.full(len(points), 1 / len(points))
    values = probabilities(values, name)
    if len(values) != len(points):
        raise ValueError(
            f"{name} has {len(values)} probabilities for {len(points)} points {what}: "
            "give one for each point"
        )
    return values / values.sum()


def _solve(costs: np.ndarray, **constraints: Any) -> tuple[float, np.ndarray]:
    """Returns the minimum of a linear program, and where it is reached."""
    from scipy.optimize import linprog  # a quarter of a second to import

    solution = linprog(costs, method="highs", **constraints)
    if solution.fun is None or solution.status != 0:
        raise RuntimeError(f"the linear program has no solution: {solution.message}")
    return float(solution.fun), np.asarray(solution.x)

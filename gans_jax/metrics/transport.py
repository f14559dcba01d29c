"""The Earth-Mover (Wasserstein-1) distance as the two linear programs that are each other's dual.

Both are exact, up to the solver's tolerance of about 1e-7, and meant for some hundred points: the
coupling has n x m unknowns. `sliced_wasserstein` is for more.
"""

from typing import NamedTuple

import numpy as np

from gans_jax.metrics.densities import pairwise_distances
from gans_jax.metrics.divergences import probabilities


class Transport(NamedTuple):
    """The distance, in units of the data, and the mass `[n, m]` moved from each x to each y."""

    distance: float
    coupling: np.ndarray


class Critic(NamedTuple):
    """E f(x) - E f(y) at its largest, and the f that reaches it, on x `[n]` and on y `[m]`."""

    value: float
    on_x: np.ndarray
    on_y: np.ndarray


def earth_mover(
    x: np.ndarray, y: np.ndarray, p: np.ndarray | None = None, q: np.ndarray | None = None
) -> Transport:
    """min over couplings of E |x - y|, Euclidean (Arjovsky et al. 2017, arXiv:1701.07875, eq. 1).

    Args:
      x: points `[n, ...]`.
      y: points `[m, ...]`, of the size of those of x.
      p: their probabilities `[n]`; equal if None.
      q: those of y, `[m]`; equal if None.

    Raises:
      ValueError: if the points differ in size, or the probabilities do not fit them.
    """
    from scipy import sparse
    from scipy.optimize import linprog  # a quarter of a second to import

    x, y, p, q = _weighted(x, y, p, q)
    rows = sparse.kron(sparse.eye(len(x)), np.ones((1, len(y))))
    columns = sparse.kron(np.ones((1, len(x))), sparse.eye(len(y)))
    costs = pairwise_distances(x, y)
    marginals = np.concatenate([p, q])
    # The marginals have one sum twice, and rounding must not make the two contradict each other.
    equations = sparse.vstack([rows, columns], format="csr")[:-1]
    solution = linprog(costs.ravel(), A_eq=equations, b_eq=marginals[:-1], method="highs")
    _require_solution(solution)
    return Transport(float(solution.fun), solution.x.reshape(costs.shape))


def lipschitz_critic(
    x: np.ndarray,
    y: np.ndarray,
    p: np.ndarray | None = None,
    q: np.ndarray | None = None,
    *,
    lipschitz: float = 1.0,
) -> Critic:
    """max over f with |f(a) - f(b)| <= K |a - b| of E f(x) - E f(y), K being `lipschitz`.

    By the Kantorovich-Rubinstein duality that is K times the Earth-Mover distance (equation 2 of
    the same paper). Arguments and errors are those of `earth_mover`; f is fixed by f(x[0]) = 0. The
    function -c_transform(-on_x, K |x - a|) of points a continues f to all of space.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    x, y, p, q = _weighted(x, y, p, q)
    points = np.concatenate([x, y])
    first, second = np.nonzero(~np.eye(len(points), dtype=bool))
    numbers = np.arange(len(first))
    entries = np.repeat([1.0, -1.0], len(first))
    places = np.tile(numbers, 2), np.concatenate([first, second])
    differences = sparse.csr_array((entries, places), shape=(len(first), len(points)))
    limits = lipschitz * pairwise_distances(points, points)[first, second]
    bounds = [(0, 0)] + [(None, None)] * (len(points) - 1)
    gains = np.concatenate([p, -q])
    solution = linprog(-gains, A_ub=differences, b_ub=limits, bounds=bounds, method="highs")
    _require_solution(solution)
    return Critic(float(-solution.fun), solution.x[: len(x)], solution.x[len(x) :])


def c_transform(psi: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """psi^c(y) = min over x of psi(x) + c(x, y) (Villani 2008, definition 5.2).

    `psi` is `[n]`, `costs` `[n, m]`, the result `[m]`. It is the largest phi with
    phi(y) - psi(x) <= c(x, y), so that E phi(y) - E psi(x) is at most the optimal cost, and equal
    to it for some psi. The way back, max over y of phi(y) - c(x, y), is
    `-c_transform(-phi, costs.T)`. If c is a distance and psi is 1-Lipschitz, psi^c continues psi.
    """
    psi, costs = np.asarray(psi, np.float64), np.asarray(costs, np.float64)
    if psi.shape != costs.shape[:1]:
        raise ValueError(
            f"psi {psi.shape} does not fit costs {costs.shape}: give a value for each row"
        )
    return (psi[:, None] + costs).min(axis=0)


def _weighted(
    x: np.ndarray, y: np.ndarray, p: np.ndarray | None, q: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    x, y = (np.asarray(a, np.float64).reshape(len(a), -1) for a in (x, y))
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"points of x have {x.shape[1]} numbers and those of y {y.shape[1]}: "
            "distances are between points of one space"
        )
    return x, y, _weights(p, "p", x, "x"), _weights(q, "q", y, "y")


def _weights(values: np.ndarray | None, name: str, points: np.ndarray, what: str) -> np.ndarray:
    if values is None:
        return np.full(len(points), 1 / len(points))
    values = probabilities(values, name)
    if len(values) != len(points):
        raise ValueError(f"{name} has {len(values)} probabilities for {len(points)} points {what}")
    return values / values.sum()


def _require_solution(solution) -> None:
    if solution.status != 0:
        raise RuntimeError(f"the linear program has no solution: {solution.message}")

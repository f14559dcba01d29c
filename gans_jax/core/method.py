"""What a method is made of."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import optax
from jax import Array

Batch = dict[str, Array]
Metrics = dict[str, Array]


class Player(NamedTuple):
    """One network in the game: float32 parameters, statistics ({} if it has none), optimizer."""

    params: Any
    batch_stats: Any
    opt_state: optax.OptState


class Method(Protocol):
    """A frozen dataclass of hyperparameters with pure functions over an explicit state.

    The loop and the commands ask for no more than this. `batch_axis` is 1 where an iteration takes
    k fresh minibatches (leaves `[k, n, ...]`), else 0 (leaves `[n, ...]`). A method whose losses
    are not means over examples, each from its own, declares `couples_examples = True`, as an
    adversarial loss in its field `loss` does for it.
    """

    batch_axis: int
    prior: Callable[[Array, int], Array]

    def init(self, key: Array, batch: Batch) -> Any:
        """The state before iteration 0; only the shapes and types of `batch` matter."""

    def step(self, state: Any, batch: Batch, key: Array) -> tuple[Any, Metrics]:
        """One whole iteration of the paper's algorithm, and scalars under stable names."""

    def generate(self, state: Any, z: Array) -> Array:
        """Examples `[n, ...]` from noise `[n, size]`, each from its own row alone."""

    def sample(self, state: Any, key: Array, num: int) -> Array:
        """`generate` from `num` draws of the prior; the first m of them do not depend on `num`."""

    def critic_iterations(self, t: int) -> int:
        """With `batch_axis` 1, how many minibatches iteration t takes."""

    def minibatches_before(self, t: int) -> int:
        """With `batch_axis` 1, how many minibatches all iterations before t took."""

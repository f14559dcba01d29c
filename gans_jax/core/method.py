"""What a method is: the protocols that the loop and the commands ask for, and their defaults."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, TypeGuard, runtime_checkable

import chex
import flax.linen as nn
import optax
from jax import Array
from jax.typing import ArrayLike

from gans_jax.core.coupling import couples_examples

Batch: TypeAlias = dict[str, Array]
Metrics: TypeAlias = dict[str, Array]
Direction: TypeAlias = Literal["a_to_b", "b_to_a"]
Prior: TypeAlias = Callable[[Array, int], Array]
OptimizerFactory: TypeAlias = Callable[..., optax.GradientTransformation]
# Each algorithm has a NamedTuple of its own, whose first field is `step`, an int32 scalar.
State: TypeAlias = Any


class Player(NamedTuple):
    """One network in the game.

    Attributes:
      params: float32 parameters.
      batch_stats: statistics, such as batch norm's; {} if the network keeps no statistics.
      opt_state: the state of the player's optimizer.
    """

    params: chex.ArrayTree
    batch_stats: chex.ArrayTree
    opt_state: optax.OptState


@runtime_checkable
class Method(Protocol):
    """An algorithm that can be trained: a frozen dataclass of pure functions over a state.

    `MethodBase` has defaults for all members but `init` and `step`.
    """

    @property
    def batch_axis(self) -> int:
        """The axis of examples in a batch: 1 for leaves `[k, n, ...]`, 0 for `[n, ...]`."""

    @property
    def couples_examples(self) -> bool:
        """Whether a loss is more than a mean over examples, each of which counts by itself."""

    @property
    def prior(self) -> Prior | None:
        """The distribution of the noise; None if the method makes nothing from noise."""

    @property
    def classes(self) -> int:
        """How many classes the labels have that `sample` takes; 0 if it takes none."""

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The directions in which the method translates images; () if it does not translate."""

    @property
    def sampled(self) -> tuple[str, ...]:
        """The players in the state that sampling and translation read."""

    def init(self, key: Array, batch: Batch) -> State:
        """Returns the state before iteration 0; only the shapes and types of `batch` matter."""

    def step(self, state: State, batch: Batch, key: Array) -> tuple[State, Metrics]:
        """Runs one whole iteration of the paper's algorithm.

        Returns:
          The state after it, and scalars under stable names.
        """

    def minibatches(self, t: int) -> range:
        """Returns which minibatches of the endless stream iteration t takes."""

    def learning_rates(self, t: int) -> dict[str, float]:
        """Returns the learning rates of iteration t by the names of their fields."""


@runtime_checkable
class Sampler(Method, Protocol):
    """A method that makes examples from noise."""

    @property
    def prior(self) -> Prior:
        """The distribution of the noise."""

    def draw(self, key: Array, num: int, label: ArrayLike | None = None) -> tuple[Array, ...]:
        """Draws what `generate` takes: noise `[num, size]`, and `[num]` labels if it takes them.

        Without a label each example draws its own; one label counts for all of them.
        """

    def generate(self, state: State, z: Array) -> Array:
        """Makes examples `[n, ...]` from noise `[n, size]`, each from its own row alone.

        A method with classes also takes labels `[n]`, behind z.
        """

    def sample(self, state: State, key: Array, num: int, label: ArrayLike | None = None) -> Array:
        """Makes `num` examples; the first m of them do not depend on `num`."""


@runtime_checkable
class Translator(Method, Protocol):
    """A method that makes images of one domain from images of another."""

    @property
    def translates_by_batch(self) -> bool:
        """Whether a translation depends on the images beside it in the batch."""

    @property
    def translates_with_noise(self) -> bool:
        """Whether a translation draws noise, for which it needs a key."""

    def translate(
        self,
        state: State,
        images: Array,
        direction: Direction = "a_to_b",
        key: Array | None = None,
        deterministic: bool = False,
    ) -> Array:
        """Translates images `[n, h, w, c]`.

        Args:
          state: the state of the method.
          images: of the domain that the direction begins with, uint8 or float in [-1, 1].
          direction: `a_to_b` or `b_to_a`.
          key: of the noise; a method that `translates_with_noise` refuses to do without.
          deterministic: translates without noise, whatever the key.
        """

    def attention(
        self, state: State, images: Array, direction: Direction = "a_to_b"
    ) -> Array | None:
        """Returns where a translation changes the images, `[n, h, w, 1]` in 0 to 1, or None."""


def is_sampler(method: Method) -> TypeGuard[Sampler]:
    """Returns whether the method makes examples from noise."""
    return method.prior is not None


def is_translator(method: Method) -> TypeGuard[Translator]:
    """Returns whether the method makes images from images."""
    return bool(method.directions)


class MethodBase:
    """The defaults of what a method declares besides `init` and `step`."""

    batch_axis: int = 0
    classes: int = 0
    prior: Any = None
    directions: tuple[Direction, ...] = ()
    sampled: tuple[str, ...] = ("generator",)
    loss: Any = None
    penalty: Any = None
    schedule: Any = None

    @property
    def couples_examples(self) -> bool:
        """Whether the loss, the penalty or a network couples the examples of a batch."""
        networks = [value for value in vars(self).values() if isinstance(value, nn.Module)]
        terms = [getattr(term, "couples_examples", False) for term in (self.loss, self.penalty)]
        return any(terms) or any(map(couples_examples, networks))

    @property
    def translates_by_batch(self) -> bool:
        return False

    @property
    def translates_with_noise(self) -> bool:
        return False

    def minibatches(self, t: int) -> range:
        """Returns the one minibatch of iteration t."""
        return range(t, t + 1)

    def learning_rates(self, t: int) -> dict[str, float]:
        """Returns the learning rates of iteration t, counted from 0, by the names of their fields.

        A rate that is None, because another player's rate is used instead, is left out.
        """
        factor = 1.0 if self.schedule is None else float(self.schedule(t))
        rates = {name: rate for name, rate in vars(self).items() if name.endswith("learning_rate")}
        return {name: rate * factor for name, rate in rates.items() if rate is not None}

    def draw(self, key: Array, num: int, label: ArrayLike | None = None) -> tuple[Array, ...]:
        """Draws what `generate` takes besides the state: noise `[num, size]`.

        Raises:
          ValueError: for a label, since only a conditional method has any.
        """
        if label is not None:
            raise ValueError(
                "this method makes examples without labels: leave the label out, or train GAN, "
                "WGAN or WGANGP with networks that take labels"
            )
        return (self.prior(key, num),)

    def attention(
        self, state: State, images: Array, direction: Direction = "a_to_b"
    ) -> Array | None:
        """Returns None, since most methods have no attention."""
        return None

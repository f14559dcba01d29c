"""One step of descent, and a scan over several."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

import chex
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax.core.devices import MicroBatch, mean_over_devices, micro_batch
from gans_jax.core.method import Metrics, Player

T = TypeVar("T")

# Whether updates and micro-batches are written out one by one, for XLA counts a loop's body once.
unrolled = jax.make_user_context(False)
# How many micro-batches `descend` splits its examples into.
micro_batches = jax.make_user_context(1)


class Aux(NamedTuple):
    """What a loss returns beside its value.

    Attributes:
      batch_stats: the player's batch statistics after the passes of the loss.
      metrics: scalars by name.
      outputs: arrays with an axis of examples that the rest of the step needs, such as the
        translations that the discriminators are shown next.
    """

    batch_stats: chex.ArrayTree
    metrics: Metrics
    outputs: Any = None


Loss: TypeAlias = tuple[Array, Aux]


def descend(
    loss: Callable[..., Loss], optimizer: optax.GradientTransformation, name: str
) -> Callable[..., tuple[Player, Metrics, Any]]:
    """Turns a loss into an update, `update(player, *args)`, as `jax.grad` makes a gradient of it.

    The update takes one optimizer step of `player` down `loss(player, *args) -> value, Aux`.
    Gradients, statistics and metrics are averaged over the devices, once. Under
    `parallel.accumulate` they are also averaged over micro-batches: every array in `args` but
    scalars, keys and the contents of players is then split along axis 0, and the outputs of the
    parts are put together again.

    Args:
      loss: the function to descend, differentiated by its first argument's parameters.
      optimizer: the player's optimizer.
      name: what the metrics call the player.

    Returns:
      The update. It returns the player after the step; the metrics of the loss with `{name}_loss`
      and `{name}_gradient_norm`; and the outputs of the loss, each device with its own.
    """

    def update(player: Player, *args: Any) -> tuple[Player, Metrics, Any]:
        def gradient(*args: Any) -> tuple[tuple[Array, Aux, chex.ArrayTree], Any]:
            def objective(params: chex.ArrayTree) -> Loss:
                return loss(player._replace(params=params), *args)

            (value, aux), gradient = jax.value_and_grad(objective, has_aux=True)(player.params)
            return (value, aux._replace(outputs=None), gradient), aux.outputs

        (value, aux, gradients), outputs = _over_micro_batches(gradient, args)
        player, metrics = take_step(optimizer, player, gradients, value, aux, name)
        return player, metrics, outputs

    return update


def take_step(
    optimizer: optax.GradientTransformation,
    player: Player,
    gradient: chex.ArrayTree,
    value: Array,
    aux: Aux,
    name: str,
) -> tuple[Player, Metrics]:
    """Takes the optimizer step of `descend`'s update, from a gradient that is known already."""
    averaged = mean_over_devices((gradient, value, aux.batch_stats, aux.metrics))
    gradient, value, batch_stats, metrics = averaged
    with jax.numpy_dtype_promotion("standard"):  # optax's Adam fails where promotion is strict
        updates, opt_state = optimizer.update(gradient, player.opt_state, player.params)
        params = optax.apply_updates(player.params, updates)
    own = {f"{name}_loss": value, f"{name}_gradient_norm": _norm(gradient)}
    return Player(params, batch_stats, opt_state), own | metrics


def _norm(gradient: chex.ArrayTree) -> Array:
    """Returns the Euclidean norm over all leaves.

    As matrices, the products that give a gradient are squared and added in one pass.
    """
    matrices = [leaf.reshape(-1, *leaf.shape[-1:]) for leaf in jax.tree.leaves(gradient)]
    return jnp.sqrt(sum(jnp.sum(jnp.square(matrix)) for matrix in matrices))


def _over_micro_batches(
    function: Callable[..., tuple[Any, Any]], args: tuple[Any, ...]
) -> tuple[Any, Any]:
    """Runs `function(*args)` on one micro-batch of the examples in `args` after the other.

    The function returns a pair. The first of the pair is averaged over the micro-batches; the
    second, which has an axis of examples, is put together again.
    """
    count = micro_batches.value
    if count == 1:
        return function(*args)
    leaves, structure = jax.tree.flatten(args, is_leaf=lambda node: isinstance(node, Player))
    examples = {i: leaf for i, leaf in enumerate(leaves) if _has_examples(leaf)}
    for leaf in examples.values():
        if leaf.shape[0] % count:
            raise ValueError(
                f"{leaf.shape[0]} examples on a device do not divide into {count} micro-batches: "
                f"give every device a multiple of {count}"
            )

    def run(index: Array, part: dict[int, Array]) -> tuple[Any, Any]:
        place = MicroBatch(index, count)
        # Every micro-batch has the same keys, which jax's check for reused ones has to be told.
        whole = [
            part.get(i, jax.random.clone(x) if _is_key(x) else x) for i, x in enumerate(leaves)
        ]
        with micro_batch(place):
            result = function(*jax.tree.unflatten(structure, whole))
        place.index = None  # jax's caches keep the place, and would keep the tracer with it
        return result

    def add(total: Any, xs: tuple[Array, dict[int, Array]]) -> tuple[Any, Any]:
        averaged, outputs = run(*xs)
        return jax.tree.map(jnp.add, total, averaged), outputs

    parts = {i: x.reshape(count, len(x) // count, *x.shape[1:]) for i, x in examples.items()}
    xs = jnp.arange(count), parts
    shapes, _ = jax.eval_shape(lambda xs: run(*jax.tree.map(lambda x: x[0], xs)), xs)
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    total, outputs = lax.scan(add, zeros, xs, unroll=unrolled.value)
    outputs = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), outputs)
    return jax.tree.map(lambda leaf: leaf / count, total), outputs


def _has_examples(leaf: Any) -> bool:
    """Returns whether a leaf is an array with an axis of examples: no player, scalar or key."""
    return not isinstance(leaf, Player) and bool(jnp.ndim(leaf)) and not _is_key(leaf)


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def repeat_update(
    update: Callable[..., tuple[T, Metrics]], player: T, *minibatches: Any
) -> tuple[T, Metrics]:
    """Scans `update(player, *minibatch)` over the leading axis of `minibatches`.

    Args:
      update: one update, which returns the player and its metrics.
      player: any state that updates change, such as the state of a whole method.
      *minibatches: trees of arrays `[k, ...]`.

    Returns:
      The player after k updates, and the metrics of the last update, except that a gradient norm is
      the largest of all, so that one that is not finite is never hidden by the updates after it.
    """
    leaves, structure = jax.tree.flatten(minibatches)
    kinds = [jax.random.key_impl(leaf) if _is_key(leaf) else None for leaf in leaves]

    def body(player: T, parts: list[Array]) -> tuple[T, Metrics]:
        pairs = zip(parts, kinds, strict=True)
        found = [x if kind is None else jax.random.wrap_key_data(x, impl=kind) for x, kind in pairs]
        return update(player, *jax.tree.unflatten(structure, found))

    # Keys enter as numbers: jax's check for reused keys takes the ones that vmap moves for used.
    xs = [jax.random.key_data(leaf) if _is_key(leaf) else leaf for leaf in leaves]
    player, metrics = lax.scan(body, player, xs, unroll=unrolled.value)
    largest = {name for name in metrics if name.endswith("gradient_norm")}
    return player, {n: jnp.max(v) if n in largest else v[-1] for n, v in metrics.items()}

"""One step of descent, and a scan over several."""

from collections.abc import Callable
from typing import Any, TypeVar

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


def _over_micro_batches(function: Callable[..., tuple], rest: tuple) -> tuple[Any, Any]:
    """`function(*rest)`, a pair, on one micro-batch of the examples in `rest` after the other.

    Of the pair's first the mean is returned, of the second, which has an axis of examples, all.
    """
    count = micro_batches.value
    if count == 1:
        return function(*rest)
    leaves, structure = jax.tree.flatten(rest, is_leaf=lambda node: isinstance(node, Player))
    arrays = {i: x for i, x in enumerate(leaves) if not isinstance(x, Player) and jnp.ndim(x)}
    is_key = lambda x: jnp.issubdtype(x.dtype, jax.dtypes.prng_key)  # noqa: E731
    examples = {i: x for i, x in arrays.items() if not is_key(x)}
    for leaf in examples.values():
        if leaf.shape[0] % count:
            raise ValueError(
                f"{leaf.shape[0]} examples on a device do not divide into {count} micro-batches: "
                f"give every device a multiple of {count}"
            )

    def at(index: Array, part: dict[int, Array]) -> Any:
        place = MicroBatch(index, count)
        whole = [part.get(i, leaf) for i, leaf in enumerate(leaves)]
        with micro_batch(place):
            result = function(*jax.tree.unflatten(structure, whole))
        place.index = None  # jax's caches keep the place, and would keep the tracer with it
        return result

    parts = {i: leaf.reshape(count, -1, *leaf.shape[1:]) for i, leaf in examples.items()}
    xs = jnp.arange(count), parts
    first, _ = jax.eval_shape(lambda xs: at(*jax.tree.map(lambda x: x[0], xs)), xs)
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), first)

    def add(total: Any, xs: Any) -> tuple[Any, Any]:
        averaged, behind = at(*xs)
        return jax.tree.map(jnp.add, total, averaged), behind

    total, behind = lax.scan(add, zeros, xs, unroll=unrolled.value)
    behind = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), behind)
    return jax.tree.map(lambda leaf: leaf / count, total), behind


def descend(
    loss: Callable[..., tuple[Array, tuple[Any, ...]]],
    optimizer: optax.GradientTransformation,
    player: Player,
    *rest: Any,
    name: str,
    factor: Array | float = 1.0,
) -> tuple[Any, ...]:
    """One optimizer step of `player` down `loss(player, *rest) -> loss, (batch_stats, metrics)`.

    Gradients, statistics and metrics are averaged over the devices once; the update is multiplied
    by `factor` (a schedule's value at `state.step`). To the metrics of the loss it adds
    `{name}_loss` and `{name}_gradient_norm`. What the loss returns behind its metrics, such as
    generated images, follows the new player and the metrics as it is, each device with its own.

    Under `parallel.accumulate` they are also the means over micro-batches: of what is in `rest`,
    every array but scalars, keys and the contents of players is then split along axis 0, and what
    is behind the metrics is put together again.
    """

    def gradient(*rest: Any) -> tuple[Any, Any]:
        objective = lambda params: loss(player._replace(params=params), *rest)  # noqa: E731
        (value, aux), gradients = jax.value_and_grad(objective, has_aux=True)(player.params)
        return (value, *aux[:2], gradients), aux[2:]

    averaged, behind = _over_micro_batches(gradient, rest)
    value, batch_stats, metrics, gradients = mean_over_devices(averaged)
    updates, opt_state = optimizer.update(gradients, player.opt_state, player.params)
    updates = jax.tree.map(lambda update: (factor * update).astype(update.dtype), updates)
    params = optax.apply_updates(player.params, updates)
    norm = _norm(gradients)
    metrics = {f"{name}_loss": value, f"{name}_gradient_norm": norm, **metrics}
    return Player(params, batch_stats, opt_state), metrics, *behind


def _norm(gradients: Any) -> Array:
    """Over all leaves, as matrices: what their products give is then squared and added in one pass.

    On a CPU the squares took 4 % of an iteration of pix2pix otherwise.
    """
    matrices = [g.reshape(-1, *g.shape[-1:]) for g in jax.tree.leaves(gradients)]
    return jnp.sqrt(sum(jnp.sum(jnp.square(g)) for g in matrices))


def repeat_update(
    update: Callable[..., tuple[T, Metrics]], player: T, *minibatches: Any
) -> tuple[T, Metrics]:
    """Scans `update(player, *minibatch)` over the leading axis of `minibatches`.

    `player` may be any state that updates change, such as that of a whole method.

    The metrics are those of the last update, except that a gradient norm is the largest of all, so
    that a non-finite one is never hidden by the updates after it.
    """
    player, metrics = lax.scan(
        lambda p, minibatch: update(p, *minibatch), player, minibatches, unroll=unrolled.value
    )
    largest = {name for name in metrics if name.endswith("gradient_norm")}
    return player, {n: jnp.max(v) if n in largest else v[-1] for n, v in metrics.items()}

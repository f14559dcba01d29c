"""What every method shares: players, one step of descent, and randomness of the global batch.

A method runs unchanged on one device or on many. On many it is a per-device program in which the
mapped axis is called `data`; the functions here find that axis by themselves, so that neither a
method nor a network has a field for it.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

AXIS = "data"
T = TypeVar("T")

Batch = dict[str, Array]
Metrics = dict[str, Array]

# Whether updates and micro-batches are written out one by one, for XLA counts a loop's body once.
unrolled = jax.make_user_context(False)
# How many micro-batches `descend` splits its examples into, and the one that it is at. They are
# contexts of jax, which keep a function traced in one of them out of the caches of another.
micro_batches = jax.make_user_context(1)
_micro_batch = jax.make_user_context(None)


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


def bound_axis() -> str | None:
    """`"data"` inside a program mapped over devices, None elsewhere."""
    try:
        lax.axis_index(AXIS)
    except NameError:
        return None
    return AXIS


def devices() -> int:
    """Of how many devices a mapped program runs on; 1 elsewhere."""
    axis = bound_axis()
    return lax.axis_size(axis) if axis else 1


def mean_over_devices(tree: Any) -> Any:
    """The mean over the devices of a mapped program; the tree itself elsewhere."""
    axis = bound_axis()
    return lax.pmean(tree, axis) if axis else tree


def gather(tree: Any) -> Any:
    """The global batch from each device's part of it, along axis 0; the tree itself on one device.

    In a loss that couples examples its gradient is right if every device computes the whole loss,
    as the mean over the devices that `descend` takes expects.
    """
    axis = bound_axis()
    return lax.all_gather(tree, axis, tiled=True) if axis else tree


@dataclasses.dataclass(eq=False)  # equal to no other, so that no cache confuses them
class _MicroBatch:
    index: Array
    count: int


def example_keys(key: Array, num: int) -> Array:
    """One key per example, `[num]`, by the example's place in the global batch.

    The keys are threefry whatever comes in: draws from the `rbg` keys that are common on TPU depend
    on how the batch is sharded.
    """
    # The first half of an rbg key's data is itself a threefry key, split and folded as such.
    threefry = jax.random.wrap_key_data(jax.random.key_data(key)[..., :2], impl="threefry2x32")
    part, place = lax.axis_index(AXIS) if bound_axis() else 0, _micro_batch.value
    if place is not None:
        part = part * place.count + place.index
    return jax.vmap(jax.random.fold_in, (None, 0))(threefry, part * num + jnp.arange(num))


def as_float(images: Array) -> Array:
    """uint8 in 0..255 becomes float32 in [-1, 1]; anything else passes through unchanged."""
    if images.dtype != jnp.uint8:
        return images
    return images.astype(jnp.float32) / 127.5 - 1


def per_example(logits: Array) -> Array:
    """Logits `[n]` or `[n, 1]` as `[n]`; ValueError for a shape with several logits an example."""
    if logits.size != logits.shape[0]:
        raise ValueError(
            f"one logit per example is needed here, but the network returns {logits.shape}: "
            "use a discriminator that ends in one unit"
        )
    return logits.reshape(-1)


def mean_logit(logits: Array) -> Array:
    """The mean over all logits, in at least float32."""
    return jnp.mean(logits.astype(jnp.promote_types(logits.dtype, jnp.float32)))


@functools.cache
def takes_train(network: type[nn.Module], method: str = "__call__") -> bool:
    return "train" in inspect.signature(getattr(network, method)).parameters


def _dropout_per_example(module: nn.Dropout, inputs: Array, rng: Array | None) -> Array:
    shape = [1 if axis in module.broadcast_dims else n for axis, n in enumerate(inputs.shape)]
    keys = example_keys(module.make_rng(module.rng_collection) if rng is None else rng, shape[0])
    keep = 1.0 - module.rate
    mask = jax.vmap(lambda key: jax.random.bernoulli(key, keep, shape[1:]))(keys)
    return jnp.where(mask, inputs / keep, 0).astype(inputs.dtype)


def _global_batch(
    dropout: bool | None, next_call: Callable, args: tuple, kwargs: dict, context: Any
) -> Any:
    """Gives linen's batch norm and dropout the global batch, wherever a network holds them."""
    module = context.module
    if context.method_name == "__call__":
        if isinstance(module, nn.BatchNorm) and module.axis_name is None:
            # The module is this call's own copy, so nobody else sees the change.
            object.__setattr__(module, "axis_name", bound_axis())
        if isinstance(module, nn.Dropout) and 0 < module.rate < 1:
            call = inspect.signature(nn.Dropout.__call__).bind(module, *args, **kwargs).arguments
            on = dropout
            if on is None:
                on = not nn.merge_param("off", module.deterministic, call.get("deterministic"))
            if not on:
                return call["inputs"]
            return _dropout_per_example(module, call["inputs"], call.get("rng"))
    return next_call(*args, **kwargs)


def apply(
    network: nn.Module,
    player: Player,
    *inputs: Array,
    train: bool = False,
    key: Array | None = None,
    dropout: bool | None = None,
    method: str = "__call__",
) -> tuple[Any, Any]:
    """Runs a network's `method`: its outputs and its batch statistics (updated if `train`).

    `train` reaches the network only if the method names such a parameter. `key` is for dropout,
    drawn per example of the global batch; batch norm sees the global batch, too. `dropout` turns
    all of the network's dropout on or off, whatever `train` makes of it.
    """
    variables = {"params": player.params, "batch_stats": player.batch_stats}
    kwargs = {"train": train} if takes_train(type(network), method) else {}
    rngs = {} if key is None else {"dropout": key}
    mutable = ["batch_stats"] if train else []
    with nn.intercept_methods(functools.partial(_global_batch, dropout)):
        outputs, updated = network.apply(
            variables, *inputs, rngs=rngs, mutable=mutable, method=method, **kwargs
        )
    return outputs, updated.get("batch_stats", player.batch_stats)


def create(
    network: nn.Module, optimizer: optax.GradientTransformation, key: Array, *inputs: Array
) -> Player:
    """A new player, shaped by the inputs."""
    kwargs = {"train": False} if takes_train(type(network)) else {}
    variables = network.init(key, *inputs, **kwargs)
    params = variables["params"]
    return Player(params, variables.get("batch_stats", {}), optimizer.init(params))


def create_pair(
    key: Array,
    prior: Callable[[Array, int], Array],
    real: Array,
    generator: tuple[nn.Module, optax.GradientTransformation],
    critic: tuple[nn.Module, optax.GradientTransformation],
) -> tuple[Player, Player]:
    """A generator from noise and its opponent, each given as (network, optimizer).

    `real` is one minibatch, `[n, ...]`. ValueError unless the generator makes what the data hold.
    """
    generator_key, critic_key, z_key = jax.random.split(key, 3)
    z = prior(z_key, 1)
    player = create(*generator, generator_key, z)
    made = jax.eval_shape(lambda player: apply(generator[0], player, z)[0], player)
    if made.shape[1:] == real.shape:
        raise ValueError(
            "the batch lacks the axis of minibatches, [k, n, ...]: "
            "give one minibatch as images[None]"
        )
    refuse_other_shape(made, real)
    return player, create(*critic, critic_key, real[:1])


def refuse_other_shape(made: Array, real: Array) -> None:
    """ValueError unless what a generator makes has the shape of the data, `[n, ...]` both."""
    if made.shape[1:] != real.shape[1:]:
        raise ValueError(
            f"the generator makes examples of shape {made.shape[1:]}, but the data have "
            f"{real.shape[1:]}: change the generator's or the data's size to agree"
        )


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
        place = _MicroBatch(index, count)
        whole = [part.get(i, leaf) for i, leaf in enumerate(leaves)]
        with _micro_batch(place):
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

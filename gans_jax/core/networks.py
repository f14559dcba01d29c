"""Linen networks as players: how they are created and applied, and what they return."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, cast

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array

from gans_jax.core.devices import bound_axis, example_keys
from gans_jax.core.labels import Condition, takes_label
from gans_jax.core.method import Player, Prior


def at_least_float32(x: Array) -> Array:
    """Converts bfloat16 to float32; wider types pass through unchanged."""
    return x if x.dtype in (jnp.float32, jnp.float64) else x.astype(jnp.float32)


def per_example(logits: Array) -> Array:
    """Returns logits `[n]` or `[n, 1]` as `[n]`.

    Raises:
      ValueError: if an example has several logits.
    """
    if logits.size != logits.shape[0]:
        raise ValueError(
            f"one logit per example is needed here, but the network returns {logits.shape}: "
            "use a discriminator that ends in one unit"
        )
    return logits.reshape(-1)


def mean_logit(logits: Array) -> Array:
    """Returns the mean over all logits, in at least float32."""
    return jnp.mean(at_least_float32(logits))


def takes_train(network: type[nn.Module], method: str = "__call__") -> bool:
    """Returns whether a method of a network has a parameter `train`."""
    return "train" in inspect.signature(getattr(network, method)).parameters


def _dropout_per_example(module: nn.Dropout, inputs: Array, rng: Array | None) -> Array:
    shape = [1 if axis in module.broadcast_dims else n for axis, n in enumerate(inputs.shape)]
    keys = example_keys(module.make_rng(module.rng_collection) if rng is None else rng, shape[0])
    keep = 1.0 - module.rate
    mask = jax.vmap(lambda key: jax.random.bernoulli(key, keep, tuple(shape[1:])))(keys)
    return jnp.where(mask, inputs / keep, 0).astype(inputs.dtype)


def _global_batch(
    dropout: bool | None,
    next_call: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    context: nn.module.InterceptorContext,
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
    *inputs: Any,
    train: bool = False,
    key: Array | None = None,
    dropout: bool | None = None,
    method: str = "__call__",
) -> tuple[Any, chex.ArrayTree]:
    """Runs a network on a player's parameters and statistics.

    Batch norm and dropout see the global batch, on one device and on many.

    Args:
      network: any linen module.
      player: its parameters and statistics.
      *inputs: the arguments of its `method`.
      train: reaches the network only if its method has a parameter of that name.
      key: for dropout, which is drawn per example.
      dropout: turns all dropout on or off, whatever `train` makes of it; None leaves it to `train`.
      method: the method of the network to run.

    Returns:
      The outputs, and the batch statistics, which have changed if `train`.
    """
    outputs, batch_stats, _ = _run(network, player, inputs, train, key, dropout, method)
    return outputs, batch_stats


def _run(
    network: nn.Module,
    player: Player,
    inputs: tuple[Any, ...],
    train: bool,
    key: Array | None,
    dropout: bool | None = None,
    method: str = "__call__",
) -> tuple[Any, chex.ArrayTree, chex.ArrayTree]:
    """Returns the outputs, the batch statistics, and what the network sows."""
    variables = {"params": player.params, "batch_stats": player.batch_stats}
    kwargs = {"train": train} if takes_train(type(network), method) else {}
    rngs = {} if key is None else {"dropout": key}
    mutable = ["batch_stats", "intermediates"] if train else ["intermediates"]
    with nn.intercept_methods(functools.partial(_global_batch, dropout)):
        outputs, updated = network.apply(
            variables, *inputs, rngs=rngs, mutable=mutable, method=method, **kwargs
        )
    stats = updated.get("batch_stats", player.batch_stats)
    return outputs, stats, updated.get("intermediates", {})


def infer(network: nn.Module, player: Player, *inputs: Any, method: str = "__call__") -> Array:
    """Returns the output of a network with its running statistics and without dropout."""
    outputs, _ = apply(network, player, *inputs, method=method)
    return cast(Array, outputs)


def check_output(
    network: nn.Module, player: Player, x: chex.Array, real: chex.Array, method: str = "__call__"
) -> None:
    """Raises ValueError unless what a network makes of x has the shape of real examples."""
    made = jax.eval_shape(lambda player: infer(network, player, x, method=method), player)
    refuse_other_shape(made, real)


class Passes:
    """A player's network as a function, in training mode: `d = Passes(...)`, then `d(x)`.

    Each pass has a key of its own, and starts from the batch statistics that the pass before it
    left, which are in `batch_stats`. A conditional network is given the labels behind its input.
    """

    def __init__(
        self, network: nn.Module, player: Player, key: Array, condition: Condition = ()
    ) -> None:
        self.batch_stats = player.batch_stats
        self._network, self._player, self._key = network, player, key
        self._condition = condition

    @property
    def player(self) -> Player:
        """The player with the statistics that the last pass left."""
        return self._player._replace(batch_stats=self.batch_stats)

    def __call__(self, *inputs: Any, method: str = "__call__") -> Any:
        self._key, key = jax.random.split(self._key)
        given = (*inputs, *self._condition)
        outputs, self.batch_stats = apply(
            self._network, self.player, *given, train=True, key=key, method=method
        )
        return outputs

    def features(self, *inputs: Any) -> Array:
        """Returns what the network sows as `features` in a pass, `[n, ...]`.

        Raises:
          ValueError: unless it does so once, by `self.sow("intermediates", "features", x)`.
        """
        self._key, key = jax.random.split(self._key)
        given = (*inputs, *self._condition)
        _, self.batch_stats, sown = _run(self._network, self.player, given, True, key)
        found = [x for path, x in jax.tree.leaves_with_path(sown) if path[-2].key == "features"]
        if len(found) != 1:
            raise ValueError(
                f"{type(self._network).__name__} gives {len(found)} layers as features: call "
                'self.sow("intermediates", "features", x) in it for one layer x'
            )
        return cast(Array, found[0])


def create(
    network: nn.Module, optimizer: optax.GradientTransformation, key: Array, *inputs: Array
) -> Player:
    """Returns a new player whose parameters are shaped by the inputs.

    Raises:
      ValueError: if the network takes a label, which is not among the inputs.
    """
    if takes_label(network) and len(inputs) < 2:
        raise ValueError(
            f"{type(network).__name__} takes labels, which this method does not have: use GAN, "
            "WGAN or WGANGP, or a network without a parameter `label`"
        )
    kwargs: dict[str, Any] = {"train": False} if takes_train(type(network)) else {}
    variables = network.init(key, *inputs, **kwargs)
    params = variables["params"]
    return Player(params, variables.get("batch_stats", {}), optimizer.init(params))


def create_pair(
    key: Array,
    prior: Prior,
    real: Array,
    generator: nn.Module,
    critic: nn.Module,
    optimizer: optax.GradientTransformation,
    critic_optimizer: optax.GradientTransformation | None = None,
    condition: Condition = (),
) -> tuple[Player, Player]:
    """Returns a generator from noise and its opponent as new players.

    Args:
      key: for the parameters of both.
      prior: draws the noise.
      real: one minibatch, `[n, ...]`.
      generator, critic: the networks.
      optimizer: the generator's, and the critic's too unless `critic_optimizer` is given.
      critic_optimizer: the critic's own optimizer.
      condition: the labels of the minibatch, `([n],)`, where the networks take them.

    Raises:
      ValueError: unless the generator makes what the data hold.
    """
    generator_key, critic_key, z_key = jax.random.split(key, 3)
    z = prior(z_key, 1)
    first = [label[:1] for label in condition]
    player = create(generator, optimizer, generator_key, z, *first)
    made = jax.eval_shape(lambda player: infer(generator, player, z, *first), player)
    if made.shape[1:] == real.shape:
        raise ValueError(
            "the batch lacks the axis of minibatches, [k, n, ...]: "
            "give one minibatch as images[None]"
        )
    refuse_other_shape(made, real)
    critic_optimizer = critic_optimizer or optimizer
    return player, create(critic, critic_optimizer, critic_key, real[:1], *first)


def refuse_other_shape(made: jax.ShapeDtypeStruct | Array, real: Array) -> None:
    """Raises ValueError unless a generator's output has the shape of the data, `[n, ...]` both."""
    here, there = made.shape[1:], real.shape[1:]
    if here == there:
        return
    if len(there) == 3 and here == (*there[1:], there[0]):
        remedy = "give images with the channels last, [..., h, w, c]"
    elif here[:-1] == there[:-1]:
        remedy = "change the channels of the generator or of the data to agree"
    else:
        remedy = "change the generator's or the data's size to agree"
    raise ValueError(
        f"the generator makes examples of shape {here}, but the data have {there}: {remedy}"
    )

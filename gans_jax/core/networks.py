"""Linen networks as players: how they are created and applied, and what they return."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array

from gans_jax.core.devices import bound_axis, example_keys
from gans_jax.core.method import Player


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


class Passes:
    """Passes of one player in training mode: each on the statistics that the one before left."""

    def __init__(self, network: nn.Module, player: Player, key: Array) -> None:
        self.network, self.player, self.key = network, player, key

    def __call__(self, *inputs: Any, method: str = "__call__") -> Any:
        self.key, key = jax.random.split(self.key)
        outputs, stats = apply(
            self.network, self.player, *inputs, train=True, key=key, method=method
        )
        self.player = self.player._replace(batch_stats=stats)
        return outputs

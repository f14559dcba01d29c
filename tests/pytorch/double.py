"""What the checks share: data and states in float64, and PyTorch networks with the same weights."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from jax import Array
from torch import Tensor, nn

from experiments.benchmark.reference import networks, weights
from gans_jax.core import Player

# The networks of the methods' checks: three layers each, so that the discriminator has one norm.
SIZE, CHANNELS, FEATURES, Z_SIZE = 16, 1, 4, 6


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def uniform(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def images(*shape: int) -> Array:
    """`[*shape, SIZE, SIZE, CHANNELS]`."""
    return jnp.asarray(uniform(*shape, SIZE, SIZE, CHANNELS))


def tensor(array: Any) -> Tensor:
    return torch.from_numpy(np.array(array))


def draw(method: Any, key: Array, num: int) -> tuple[Array, Array]:
    """The z of the update that has this key, and the key that the update gives to its loss.

    A uniform prior draws the same bits inside a compiled step; a normal one may round differently.
    """
    z_key, key = jax.random.split(key)
    return method.prior(z_key, num).astype("float64"), key


def variables(shapes: Any) -> Any:
    """Statistics of 0 and 1; kernels and biases N(0, 0.2), scales N(1, 0.2): none is trivial."""
    rng = np.random.default_rng(0)
    centre = {"kernel": 0, "bias": 0, "scale": 1, "mean": 0, "var": 1}
    deviation = {"mean": 0, "var": 0}

    def fill(path: Any, leaf: Any) -> np.ndarray:
        name = path[-1].key
        return rng.normal(centre[name], deviation.get(name, 0.2), leaf.shape)

    return jax.tree.map_with_path(fill, shapes)


def initial(method: Any, batch: dict | None = None) -> Any:
    """A state before iteration 0 without the time to compile `init`."""
    batch = {"image": images(1, 1)} if batch is None else batch

    def zeros(leaf: Any) -> np.ndarray:
        floating = jnp.issubdtype(leaf.dtype, jnp.floating)
        return np.zeros(leaf.shape, "float64" if floating else leaf.dtype)

    def fill(part: Any) -> Any:
        if not isinstance(part, Player):
            return zeros(part)
        params, batch_stats, opt_state = part
        return Player(variables(params), variables(batch_stats), jax.tree.map(zeros, opt_state))

    shapes = jax.eval_shape(method.init, jax.random.key(0), batch)
    return jax.tree.map(fill, shapes, is_leaf=lambda part: isinstance(part, Player))


def recording(optimizer: Callable[..., Any], num: int) -> Callable[..., Any]:
    """The optimizer, with the last `num` gradients as the first item of its state."""

    def init(params: Any) -> Any:
        return jax.tree.map(lambda w: jnp.zeros((num, *w.shape), w.dtype), params)

    def update(gradients: Any, last: Any, params: Any = None) -> tuple[Any, Any]:
        del params
        return gradients, jax.tree.map(lambda x, g: jnp.append(x[1:], g[None], 0), last, gradients)

    record = optax.GradientTransformation(init, update)
    return lambda learning_rate: optax.chain(record, optimizer(learning_rate))


def recorded(player: Player, which: int) -> Any:
    return jax.tree.map(lambda gradients: gradients[which], player.opt_state[0])


def load(network: nn.Module, player: Player) -> nn.Module:
    """The PyTorch network in float64 with the player's weights and statistics."""
    network = network.double()
    weights.load(network, player.params, player.batch_stats)
    return network


def load_generator(player: Player) -> nn.Module:
    return load(networks.dcgan_generator(SIZE, CHANNELS, FEATURES, Z_SIZE), player)


def load_discriminator(player: Player, norm: networks.Norm = "batch") -> nn.Module:
    return load(networks.dcgan_discriminator(SIZE, CHANNELS, FEATURES, norm), player)

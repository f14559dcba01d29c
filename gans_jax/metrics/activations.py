"""The features that a discriminator has learned, and what its last layer responds to."""

from collections.abc import Callable
from typing import Any

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax.linen.module import InterceptorContext
from jax import Array

from gans_jax.core import Player, apply, as_float
from gans_jax.metrics.blocks import in_blocks
from gans_jax.networks.layers import Conv

_SIDE, _BLOCK = 4, 100


def activations(
    network: nn.Module,
    player: Player,
    images: Array,
    change: Callable[[Array], Array] = lambda x: x,
) -> list[Array]:
    """Returns the activations of each convolutional layer but the last.

    They are the inputs of the next convolution (`networks.layers.Conv` or linen's), taken with
    batch norm's running statistics.

    Args:
      network: a convolutional network.
      player: its parameters and batch statistics.
      images: float `[n, h, w, c]` in [-1, 1].
      change: what to make of the activations before the next convolution sees them.

    Returns:
      Arrays `[n, h', w', c']`, one for each convolution but the first.

    Raises:
      ValueError: if the network has fewer than two convolutions.
    """
    entered: list[Array] = []

    def listen(next_call: Callable, args: tuple, kwargs: dict, context: InterceptorContext) -> Any:
        if isinstance(context.module, Conv | nn.Conv) and context.method_name == "__call__":
            x = change(args[0]) if entered else args[0]
            entered.append(x)
            args = x, *args[1:]
        return next_call(*args, **kwargs)

    with nn.intercept_methods(listen):
        apply(network, player, images)
    if len(entered) < 2:
        raise ValueError(
            f"{type(network).__name__} has fewer than two convolutions, between which activations "
            "are read: use a convolutional discriminator such as DCGANDiscriminator"
        )
    return entered[1:]


def discriminator_features(network: nn.Module, player: Player, images: np.ndarray) -> np.ndarray:
    """Returns DCGAN's features of images (Radford et al. 2016, section 5.1).

    They are the activations of all convolutional layers but the last, each max-pooled to 4x4,
    flattened and concatenated.

    Args:
      network: a convolutional discriminator.
      player: its parameters and batch statistics.
      images: `[n, h, w, c]`, uint8, or float in [-1, 1], which is rounded as in a PNG file.

    Returns:
      float32 `[n, 16 * c]`, where c counts the channels of these layers together.

    Raises:
      ValueError: if the network has fewer than two convolutions.
    """

    @jax.jit
    def run(block: Array) -> Array:
        found = activations(network, player, as_float(block))
        return jnp.concatenate([pool(x).reshape(_BLOCK, -1) for x in found], axis=1)

    return in_blocks(run, images, _BLOCK)


def pool(x: Array) -> Array:
    """Returns the maxima in 4x4 parts of equal size, `[n, h, w, c] -> [n, 4, 4, c]`.

    The parts overlap where 4 does not divide a side, as in PyTorch's adaptive pooling.
    """
    chex.assert_rank(x, 4)
    for axis in (1, 2):
        side = x.shape[axis]
        bounds = [(i * side // _SIDE, -(-(i + 1) * side // _SIDE)) for i in range(_SIDE)]
        parts = [jax.lax.slice_in_dim(x, *bound, axis=axis).max(axis) for bound in bounds]
        x = jnp.stack(parts, axis)
    return x


def strongest_responses(
    network: nn.Module, player: Player, images: np.ndarray, features: int = 6, count: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the images to which the last convolutional layer responds most, and what excites it.

    Guided backpropagation (Springenberg et al. 2015, arXiv:1412.6806) shows what excites a feature:
    a gradient passes a rectifier only where it and the activation are positive.

    Args:
      network: a convolutional discriminator.
      player: its parameters and batch statistics.
      images: `[n, h, w, c]`, uint8, or float in [-1, 1], which is rounded as in a PNG file.
      features: how many features (channels) to look at, from the first on.
      count: how many images to find for each feature.

    Returns:
      The indices of the images with the largest response at any place, the strongest first,
      `[features, count]`, and the guided gradients of these responses,
      `[features, count, h, w, c]`.

    Raises:
      ValueError: if the network has fewer than two convolutions.
    """

    def responses(images: Array, change: Callable[[Array], Array]) -> Array:
        last = activations(network, player, as_float(images), change)[-1]
        return last[..., :features].max(axis=(1, 2))

    plain = jax.jit(lambda block: responses(block, lambda x: x))
    chosen = np.argsort(-in_blocks(plain, images, _BLOCK), axis=0)[:count].T

    @jax.jit
    def gradient(images: Array, feature: Array) -> Array:
        return jax.grad(lambda x: responses(x, _guided)[:, feature].sum())(as_float(images))

    found = [gradient(images[rows], feature) for feature, rows in enumerate(chosen)]
    return chosen, np.stack(found)


@jax.custom_vjp
def _guided(x: Array) -> Array:
    return x


_guided.defvjp(lambda x: (x, x > 0), lambda on, g: (jnp.where(on & (g > 0), g, 0),))

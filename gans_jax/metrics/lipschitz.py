"""Bounds on the slope of a critic, from its weights or from the range of its weights."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import numpy as np
import optax
from flax.linen.module import InterceptorContext
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import Conv


def lipschitz_bound(critic: nn.Module, params: Mapping[str, Any], x: Array) -> float:
    """Returns a K with |f(a) - f(b)| <= K |a - b|, in Euclidean norms of whole examples.

    K is the product of a bound on each layer's operator norm. For a dense layer the bound is its
    largest singular value. For a convolution it is the root of (the largest sum of |w| into one
    output) times (the largest sum of |w| out of one input). The activations between layers are
    assumed to be 1-Lipschitz: ReLU, leaky ReLU, tanh, sigmoid and maxout are.

    Args:
      critic: a chain of linen's Dense and of `networks.layers.Conv`, such as MLPDiscriminator, or
        DCGANDiscriminator with norm "none". Skip connections are not noticed, but break the bound.
      params: its parameters.
      x: examples `[n, ...]`, of which only the shape matters.

    Raises:
      ValueError: if the critic has other layers with parameters, or blocks of layers.
    """
    called: list[nn.Module] = []

    def note(next_call: Callable, args: tuple, kwargs: dict, context: InterceptorContext) -> Any:
        if context.method_name == "__call__" and context.module.path:
            called.append(context.module)
        return next_call(*args, **kwargs)

    with nn.intercept_methods(note):
        _parameters(critic, x)
    layers = [module for module in called if isinstance(module, nn.Dense | Conv)]
    others = {type(m).__name__ for m in called if not isinstance(m, nn.Dense | Conv | nn.Dropout)}
    if others or {layer.path for layer in layers} != {(name,) for name in params}:
        raise ValueError(
            "a product of bounds is for a chain of dense and convolutional layers, but the critic "
            f"holds {', '.join(sorted(others or params))}: take one without norms and blocks"
        )
    return math.prod(_operator_norm(params[layer.path[0]]["kernel"], layer) for layer in layers)


def clipped_lipschitz_bound(critic: nn.Module, clip: float, x: Array) -> float:
    """Returns the K that holds for all critics with weights in [-clip, clip].

    It is the constant of Arjovsky et al. 2017 (arXiv:1701.07875, section 3): WGAN's estimate is at
    most K times the Earth-Mover distance. K grows as `clip` to the power of the number of layers,
    and a fully connected ReLU critic whose weights all are `clip` reaches it. `critic`, `x` and the
    errors are as in `lipschitz_bound`.
    """
    largest = jax.tree.map(lambda leaf: np.full(leaf.shape, clip), _parameters(critic, x))
    return lipschitz_bound(critic, largest, x)


def _parameters(critic: nn.Module, x: Array) -> Mapping[str, Any]:
    """Returns the shapes of the critic's parameters, by tracing it."""
    create = functools.partial(core.create, critic, optax.identity())
    return jax.eval_shape(create, jax.random.key(0), x).params


def _operator_norm(kernel: np.ndarray, layer: nn.Module) -> float:
    """Returns the operator norm of a dense layer, or a bound on the norm of a convolution."""
    kernel = np.asarray(kernel, np.float64)
    if isinstance(layer, nn.Dense):
        return float(np.linalg.norm(kernel, 2))
    sizes, stride = np.abs(kernel), layer.stride
    into = sizes.sum(axis=(0, 1, 2)).max()
    # An input pixel meets only entries of the kernel that lie a multiple of the stride apart.
    phases = [(i, j) for i in range(stride) for j in range(stride)]
    out_of = max(sizes[i::stride, j::stride].sum(axis=(0, 1, 3)).max() for i, j in phases)
    return float(np.sqrt(into * out_of))

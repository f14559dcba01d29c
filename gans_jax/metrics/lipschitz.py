"""What clipped weights say about a critic's slope."""

import functools
import math
from typing import Any

import flax.linen as nn
import jax
import numpy as np
import optax
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import Conv


def lipschitz_bound(critic: nn.Module, params: Any, x: Array) -> float:
    """A K with |f(a) - f(b)| <= K |a - b|, Euclidean norms of whole examples.

    The product over layers of a bound of each one's operator norm: of a dense layer its largest
    singular value, of a convolution the root of (largest sum of |w| into one output) times (largest
    sum of |w| out of one input). Activations between them are 1-Lipschitz: ReLU, leaky ReLU, tanh,
    sigmoid, maxout.

    Args:
      critic: a chain of linen's Dense and of `networks.layers.Conv`, such as MLPDiscriminator, or
        DCGANDiscriminator with norm "none". A product bounds no sum: skips would go unnoticed.
      params: its parameters.
      x: examples `[n, ...]`, for their shape.

    Raises:
      ValueError: if parameters are of other layers, or of blocks of layers inside the network.
    """
    called = []

    def note(next_call: Any, args: tuple, kwargs: dict, context: Any) -> Any:
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
    """The K that all critics share whose weights are in [-clip, clip], from their shapes alone.

    It is the constant of Arjovsky et al. 2017 (arXiv:1701.07875, section 3), with which WGAN's
    estimate is at most K times the Earth-Mover distance. It grows as clip to the number of layers;
    a fully connected ReLU critic with all weights at `clip` reaches it. Arguments and errors are
    those of `lipschitz_bound`.
    """
    largest = jax.tree.map(lambda leaf: np.full(leaf.shape, clip), _parameters(critic, x))
    return lipschitz_bound(critic, largest, x)


def _parameters(critic: nn.Module, x: Array) -> Any:
    """The shapes of the critic's parameters; it is traced, not run."""
    create = functools.partial(core.create, critic, optax.identity())
    return jax.eval_shape(create, jax.random.key(0), x).params


def _operator_norm(kernel: np.ndarray, layer: nn.Module) -> float:
    """The norm of a dense layer, a bound on that of a convolution."""
    kernel = np.asarray(kernel, np.float64)
    if isinstance(layer, nn.Dense):
        return float(np.linalg.norm(kernel, 2))
    sizes, stride = np.abs(kernel), layer.stride
    into = sizes.sum(axis=(0, 1, 2)).max()
    # An input meets only those entries of a kernel that are multiples of the stride apart.
    phases = [(i, j) for i in range(stride) for j in range(stride)]
    out_of = max(sizes[i::stride, j::stride].sum(axis=(0, 1, 3)).max() for i, j in phases)
    return float(np.sqrt(into * out_of))

"""CoGAN's networks for digits and their edges (Liu & Tuzel 2016, arXiv:1606.07536).

Layers, biases and initialisation are the authors' (mingyuliutw/CoGAN on GitHub,
`cogan_pytorch/src/net_cogan_mnistedge.py` and `init.py`). As there, the networks compute with
images in [0, 1]; they take and return images in [-1, 1].
"""

from functools import partial
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import Conv, ConvTranspose, DType

# PyTorch's xavier_uniform with a gain of sqrt(2).
_xavier: dict[str, Any] = {
    "use_bias": True,
    "kernel_init": nn.initializers.variance_scaling(2.0, "fan_avg", "uniform"),
    "bias_init": nn.initializers.constant(0.1),
}


class CoGANGenerators(nn.Module):
    """Two generators that share all layers but the last, `[n, size] -> two [n, 28, 28, channels]`.

    Batch norm has neither scale nor offset.

    Attributes:
      channels: of an image.
      features: channels of the last shared layer; the shared layers have 8, 4, 2 and 1 times as
        many.
      dtype: of the computation; parameters are float32.
    """

    channels: int = 1
    features: int = 128
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, z: Array, train: bool = False) -> tuple[Array, Array]:
        norm = partial(nn.BatchNorm, use_scale=False, use_bias=False, momentum=0.9, epsilon=1e-5)
        x = z[:, None, None, :]
        # Multiple of the features, kernel, stride, padding: 4, 7, 13 and 25 pixels.
        for multiple, kernel, stride, padding in (
            (8, 4, 1, 0),
            (4, 3, 2, 1),
            (2, 3, 2, 1),
            (1, 3, 2, 1),
        ):
            width = multiple * self.features
            x = ConvTranspose(width, kernel, stride, padding, dtype=self.dtype, **_xavier)(x)
            x = norm(use_running_average=not train, dtype=self.dtype)(x)
            x = nn.PReLU(negative_slope_init=0.25)(x)
        last = partial(ConvTranspose, self.channels, 6, 1, 1, dtype=self.dtype, **_xavier)
        a, b = (core.at_least_float32(last()(x)) for _ in "ab")
        return jnp.tanh(a / 2), jnp.tanh(b / 2)  # 2 sigmoid(x) - 1


class CoGANDiscriminators(nn.Module):
    """Two discriminators that share all layers but the first, `[n, 28, 28, any] twice -> two [n]`.

    A logit is the difference of the two outputs of the authors' softmax.

    Attributes:
      dtype: of the computation; parameters are float32.

    Raises:
      ValueError: if the images have other sides than 28.
    """

    dtype: DType = "float32"

    @nn.compact
    def __call__(self, a: Array, b: Array) -> tuple[Array, Array]:
        if a.shape[1:3] != (28, 28):
            raise ValueError(
                f"CoGAN's discriminators take images of 28x28, not {a.shape[1]}x{a.shape[2]}: "
                "resize the data"
            )
        conv = lambda features, kernel: Conv(features, kernel, dtype=self.dtype, **_xavier)
        x = jnp.concatenate([_halve(conv(20, 5)((x + 1) / 2)) for x in (a, b)])
        x = _halve(conv(50, 5)(x))
        x = nn.PReLU(negative_slope_init=0.25)(conv(500, 4)(x))
        of_fake, of_real = jnp.split(core.at_least_float32(conv(2, 1)(x)), 2, axis=-1)
        on_a, on_b = jnp.split((of_real - of_fake).reshape(-1), 2)
        return on_a, on_b


def _halve(x: Array) -> Array:
    """Takes the largest of each 2x2 pixels."""
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))

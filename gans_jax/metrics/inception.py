"""Inception-v3 as TensorFlow trained it in 2015; the Fréchet distance of its features is FID.

Szegedy et al. 2016, arXiv:1512.00567, with the mistakes of the published graph on which every FID
depends: mean pools that leave the border out of the mean, and one max pool in the last block.
"""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import ops

SIZE = 299


class Inception(nn.Module):
    """Maps images `[n, 299, 299, 3]` in [-1, 1) to features `[n, 2048]` and logits `[n, 1008]`.

    The logits have no bias, as the Inception score wants them. Layers have the names of the public
    PyTorch weights; batch norm, which runs on its stored statistics alone, is part of the
    convolutions.
    """

    @nn.compact
    def __call__(self, x: Array) -> tuple[Array, Array]:
        x = _unit(x, "Conv2d_1a_3x3", 32, 3, 3, stride=2)
        x = _unit(x, "Conv2d_2a_3x3", 32, 3, 3, pad=False)
        x = _unit(x, "Conv2d_2b_3x3", 64, 3, 3)
        x = _unit(_halve(x), "Conv2d_3b_1x1", 80)
        x = _halve(_unit(x, "Conv2d_4a_3x3", 192, 3, 3, pad=False))
        for name, width in (("5b", 32), ("5c", 64), ("5d", 64)):
            x = _block_a(x, f"Mixed_{name}", width)
        x = _block_b(x, "Mixed_6a")
        for name, width in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            x = _block_c(x, f"Mixed_{name}", width)
        x = _block_d(x, "Mixed_7a")
        x = _block_e(x, "Mixed_7b", _mean(x))
        x = _block_e(x, "Mixed_7c", nn.max_pool(x, (3, 3), padding="SAME"))
        features = x.mean(axis=(1, 2))
        return features, nn.Dense(1008, use_bias=False, name="fc")(features)


class _Unit(nn.Module):
    """A convolution with a bias, and ReLU; padded to keep the size unless it has a stride."""

    features: int
    kernel: tuple[int, int]
    stride: int
    padded: bool

    @nn.compact
    def __call__(self, x: Array) -> Array:
        shape = (*self.kernel, x.shape[-1], self.features)
        w = self.param("kernel", nn.initializers.he_normal(), shape, jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, (self.features,), jnp.float32)
        if self.padded and self.stride == 1:
            height, width = (side // 2 for side in self.kernel)
            x = jnp.pad(x, ((0, 0), (height, height), (width, width), (0, 0)))
        return nn.relu(ops.conv(x, w, stride=self.stride) + bias)


def _unit(
    x: Array, name: str, width: int, h: int = 1, w: int = 1, stride: int = 1, *, pad: bool = True
) -> Array:
    return _Unit(width, (h, w), stride, pad, name=name)(x)


def _chain(x: Array, name: str, *units: tuple[int, ...]) -> Array:
    """Applies units in turn, each given as (width, h, w, stride) or the first of these."""
    for number, unit in enumerate(units, 1):
        x = _unit(x, f"{name}_{number}", *unit)
    return x


def _mean(x: Array) -> Array:
    # The counts are float64 where JAX has 64 bits, but the next convolution takes one type.
    return nn.avg_pool(x, (3, 3), padding="SAME", count_include_pad=False).astype(x.dtype)


def _halve(x: Array) -> Array:
    return nn.max_pool(x, (3, 3), (2, 2))


def _join(*branches: Array) -> Array:
    return jnp.concatenate(branches, axis=-1)


def _block_a(x: Array, name: str, width: int) -> Array:
    return _join(
        _unit(x, f"{name}.branch1x1", 64),
        _chain(x, f"{name}.branch5x5", (48,), (64, 5, 5)),
        _chain(x, f"{name}.branch3x3dbl", (64,), (96, 3, 3), (96, 3, 3)),
        _unit(_mean(x), f"{name}.branch_pool", width),
    )


def _block_b(x: Array, name: str) -> Array:
    return _join(
        _unit(x, f"{name}.branch3x3", 384, 3, 3, stride=2),
        _chain(x, f"{name}.branch3x3dbl", (64,), (96, 3, 3), (96, 3, 3, 2)),
        _halve(x),
    )


def _block_c(x: Array, name: str, width: int) -> Array:
    across, down = (width, 1, 7), (width, 7, 1)
    return _join(
        _unit(x, f"{name}.branch1x1", 192),
        _chain(x, f"{name}.branch7x7", (width,), across, (192, 7, 1)),
        _chain(x, f"{name}.branch7x7dbl", (width,), down, across, down, (192, 1, 7)),
        _unit(_mean(x), f"{name}.branch_pool", 192),
    )


def _block_d(x: Array, name: str) -> Array:
    return _join(
        _chain(x, f"{name}.branch3x3", (192,), (320, 3, 3, 2)),
        _chain(x, f"{name}.branch7x7x3", (192,), (192, 1, 7), (192, 7, 1), (192, 3, 3, 2)),
        _halve(x),
    )


def _block_e(x: Array, name: str, pooled: Array) -> Array:
    once = _unit(x, f"{name}.branch3x3_1", 384)
    twice = _chain(x, f"{name}.branch3x3dbl", (448,), (384, 3, 3))
    return _join(
        _unit(x, f"{name}.branch1x1", 320),
        _unit(once, f"{name}.branch3x3_2a", 384, 1, 3),
        _unit(once, f"{name}.branch3x3_2b", 384, 3, 1),
        _unit(twice, f"{name}.branch3x3dbl_3a", 384, 1, 3),
        _unit(twice, f"{name}.branch3x3dbl_3b", 384, 3, 1),
        _unit(pooled, f"{name}.branch_pool", 192),
    )

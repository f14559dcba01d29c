"""Layers with PyTorch's geometry and DCGAN's initialisation, on `gans_jax.ops`."""

from collections.abc import Callable
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen.dtypes import promote_dtype
from jax import Array

from gans_jax import core, ops

DType = Literal["float32", "bfloat16", "float64"]
Norm = Literal["batch", "instance", "layer", "none"]
Upsample = Literal["transpose", "resize"]

# Every convolution N(0, 0.02), every scale of batch norm N(1, 0.02) (Radford et al. 2016).
normal_init = nn.initializers.normal(0.02)


def scale_init(key: Array, shape: tuple[int, ...], dtype: str = "float32") -> Array:
    return 1 + 0.02 * jax.random.normal(key, shape, dtype)


class Conv(nn.Module):
    """2-D convolution, `[n, h, w, ci] -> [n, (h + 2p - k) / s + 1, ..., features]`."""

    features: int
    kernel: int
    stride: int = 1
    padding: int = 0
    use_bias: bool = False
    dtype: DType = "float32"
    kernel_init: Callable[..., Array] = normal_init

    @nn.compact
    def __call__(self, x: Array) -> Array:
        shape = (self.kernel, self.kernel, x.shape[-1], self.features)
        x, w = promote_dtype(x, self.param("kernel", self.kernel_init, shape), dtype=self.dtype)
        y = ops.conv(x, w, stride=self.stride, padding=self.padding)
        return _add_bias(self, y) if self.use_bias else y


class ConvTranspose(nn.Module):
    """The transpose of that convolution, `[n, h, w, ci] -> [n, (h - 1)s - 2p + k + op, ..., f]`.

    The kernel is stored as the convolution's of which this is the transpose, `[k, k, f, ci]`.
    """

    features: int
    kernel: int
    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    use_bias: bool = False
    dtype: DType = "float32"
    kernel_init: Callable[..., Array] = normal_init

    @nn.compact
    def __call__(self, x: Array) -> Array:
        shape = (self.kernel, self.kernel, self.features, x.shape[-1])
        x, w = promote_dtype(x, self.param("kernel", self.kernel_init, shape), dtype=self.dtype)
        y = ops.conv_transpose(
            x, w, stride=self.stride, padding=self.padding, output_padding=self.output_padding
        )
        return _add_bias(self, y) if self.use_bias else y


class ResizeConv(nn.Module):
    """Nearest-neighbour doubling, then a 3x3 convolution, `[n, h, w, ci] -> [n, 2h, 2w, features]`.

    It has no checkerboard artifacts (Odena et al. 2016, doi:10.23915/distill.00003); its borders
    are reflected.
    """

    features: int
    use_bias: bool = False
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array) -> Array:
        x = reflect(double(x), 1)
        return Conv(self.features, 3, use_bias=self.use_bias, dtype=self.dtype)(x)


def double(x: Array) -> Array:
    """Nearest-neighbour upsampling, `[n, h, w, c] -> [n, 2h, 2w, c]`."""
    return x.repeat(2, axis=1).repeat(2, axis=2)


def reflect(x: Array, padding: int) -> Array:
    """Reflection padding of height and width, without repeating the border."""
    sides = (padding, padding)
    return jnp.pad(x, ((0, 0), sides, sides, (0, 0)), mode="reflect")


def at_least_float32(x: Array) -> Array:
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def _add_bias(module: nn.Module, y: Array) -> Array:
    bias = module.param("bias", nn.initializers.zeros, (y.shape[-1],))
    return y + bias.astype(y.dtype)


def normalize(x: Array, norm: Norm, train: bool, dtype: DType) -> Array:
    """A named normalisation layer of the calling compact module, with PyTorch's constants.

    Batch norm keeps running averages with PyTorch's momentum (0.1 there, 0.9 in linen's words), but
    of the biased variance, as linen does. Layer norm takes its statistics over height, width and
    channels, and has a scale and an offset per channel (Gulrajani et al. 2017). Their variances are
    E[x^2] - E[x]^2 in float32, which saves a pass over the activations (10 to 20 % of a small
    DCGAN's iteration) and is exact to 2e-4 where means are at most 10 standard deviations.

    Instance norm has neither parameters nor running averages (Ulyanov et al. 2016,
    arXiv:1607.08022). An image's channel can be nearly constant beside a large mean, so its
    variance takes the second pass: at means of 1,000 standard deviations outputs are exact to 1e-3,
    the rounding of the mean, where one pass is 0.1 off. It costs under 1 % of a residual block.
    """
    if norm == "none":
        return x
    if norm == "instance":
        return nn.InstanceNorm(
            1e-5, dtype=dtype, use_bias=False, use_scale=False, use_fast_variance=False
        )(x)
    if norm == "layer":
        axes = tuple(range(1, x.ndim))
        return nn.LayerNorm(1e-5, dtype=dtype, reduction_axes=axes, feature_axes=-1)(x)
    return nn.BatchNorm(not train, momentum=0.9, epsilon=1e-5, dtype=dtype, scale_init=scale_init)(
        x
    )


def has_offset(norm: Norm) -> bool:
    """Whether the norm adds an offset per channel, which makes a bias before it redundant."""
    return norm in ("batch", "layer")


def require_multiple(x: Array, multiple: int, smallest: int) -> None:
    """ValueError unless height and width are multiples, and no smaller than the network can take.

    A network that halves and doubles would otherwise return images of another size.
    """
    h, w = x.shape[1:3]
    if h % multiple or w % multiple or min(h, w) < smallest:
        raise ValueError(
            f"images of {h}x{w} do not fit this network: pad or resize height and width to "
            f"multiples of {multiple}, at least {smallest}"
        )


def run_part(part: nn.Module, x: Array, train: bool) -> Array:
    """A network within another one; `train` reaches it only if it names such a parameter."""
    return part(x, train=train) if core.takes_train(type(part)) else part(x)


def leaky_relu(x: Array) -> Array:
    """Slope 0.2 (linen's default is 0.01)."""
    return jnp.where(x >= 0, x, 0.2 * x)

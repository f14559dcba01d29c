"""Layers with PyTorch's geometry and DCGAN's initialisation, on `gans_jax.ops`."""

from collections.abc import Callable
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen.dtypes import promote_dtype
from jax import Array

from gans_jax import core, ops

DType = Literal["float32", "bfloat16", "float64"]
Norm = Literal["batch", "instance", "layer", "none"]
CriticNorm = Literal["batch", "instance", "layer", "spectral", "none"]
Upsample = Literal["transpose", "resize"]

# Kernels of convolutions are N(0, 0.02), scales of batch norm N(1, 0.02) (Radford et al. 2016).
normal_init = nn.initializers.normal(0.02)


def scale_init(key: Array, shape: tuple[int, ...], dtype: str = "float32") -> Array:
    """Draws scales of batch norm from N(1, 0.02)."""
    return 1 + 0.02 * jax.random.normal(key, shape, dtype)


class _Convolution(nn.Module):
    """The fields of a convolution and of its transpose."""

    features: int
    kernel: int
    stride: int = 1
    padding: int = 0
    use_bias: bool = False
    dtype: DType = "float32"
    kernel_init: Callable[..., Array] = normal_init
    bias_init: Callable[..., Array] = nn.initializers.zeros

    def _add_bias(self, y: Array) -> Array:
        if not self.use_bias:
            return y
        return y + self.param("bias", self.bias_init, (self.features,)).astype(y.dtype)


class Conv(_Convolution):
    """A 2-D convolution, `[n, h, w, ci] -> [n, (h + 2p - k) / s + 1, ..., features]`.

    k is `kernel`, s is `stride` and p is `padding`, for height and width alike.
    """

    @nn.compact
    def __call__(self, x: Array) -> Array:
        shape = (self.kernel, self.kernel, x.shape[-1], self.features)
        x, w = promote_dtype(x, self.param("kernel", self.kernel_init, shape), dtype=self.dtype)
        return self._add_bias(ops.conv(x, w, self.stride, self.padding))


class ConvTranspose(_Convolution):
    """The transpose of `Conv`, `[n, h, w, ci] -> [n, (h - 1)s - 2p + k + op, ..., features]`.

    op is `output_padding`. The kernel is stored as the transposed convolution has it,
    `[k, k, features, ci]`.
    """

    output_padding: int = 0

    @nn.compact
    def __call__(self, x: Array) -> Array:
        shape = (self.kernel, self.kernel, self.features, x.shape[-1])
        x, w = promote_dtype(x, self.param("kernel", self.kernel_init, shape), dtype=self.dtype)
        y = ops.conv_transpose(x, w, self.stride, self.padding, self.output_padding)
        return self._add_bias(y)


class ResizeConv(nn.Module):
    """Repeats each pixel, then convolves 3x3, `[n, h, w, ci] -> [n, 2h, 2w, features]`.

    It avoids checkerboard artifacts (Odena et al. 2016, doi:10.23915/distill.00003). Borders are
    reflected.
    """

    features: int
    use_bias: bool = False
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array) -> Array:
        x = reflect(double(x), 1)
        return Conv(self.features, 3, use_bias=self.use_bias, dtype=self.dtype)(x)


def double(x: Array) -> Array:
    """Repeats each pixel in height and width, `[n, h, w, c] -> [n, 2h, 2w, c]`."""
    return x.repeat(2, axis=1).repeat(2, axis=2)


def reflect(x: Array, padding: int) -> Array:
    """Pads height and width by reflection, without repeating the border."""
    sides = (padding, padding)
    return jnp.pad(x, ((0, 0), sides, sides, (0, 0)), mode="reflect")


class SpectralNorm(nn.Module):
    """Runs a layer on its kernel divided by the largest singular value (Miyato et al. 2018).

    Algorithm 1 of arXiv:1802.05957: of the kernel as a matrix with a column for each feature, the
    singular value is estimated by one power iteration a pass, with no gradient through the vectors.
    It starts from the vector `u` that the last training pass left in the statistics. The bias stays
    as it is. Unlike `flax.linen.SpectralNorm` it leaves the kernel as it was drawn at the start.

    Attributes:
      layer: a convolution or a dense layer.
    """

    layer: nn.Module

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        if self.is_initializing():
            self.layer(x)  # makes the kernel
        kernel: Array = self.layer.get_variable("params", "kernel")
        matrix = kernel.reshape(-1, kernel.shape[-1])
        draw = lambda: jax.random.normal(self.make_rng("params"), matrix.shape[1:])
        last = self.variable("batch_stats", "u", draw)
        estimate = self.variable("batch_stats", "sigma", jnp.ones, ())
        v = _unit(matrix @ last.value)
        u = _unit(v @ matrix)
        u, v = jax.lax.stop_gradient((u, v))
        sigma = v @ matrix @ u
        if train:
            last.value, estimate.value = u, sigma
        scale = jnp.where(sigma == 0, 1, sigma)

        def divide(path: Any, w: Array) -> Array:
            return w / scale if path[-1].key == "kernel" else w

        run = nn.map_variables(
            lambda layer: layer(x),
            trans_in_fn=lambda variables: jax.tree.map_with_path(divide, variables),
        )
        return run(self.layer)


def _unit(x: Array) -> Array:
    return x / jnp.maximum(jnp.linalg.norm(x), 1e-12)


def run_layer(layer: nn.Module, x: Array, norm: str, train: bool) -> Array:
    """Runs a layer; with `norm="spectral"` under `SpectralNorm`."""
    return SpectralNorm(layer)(x, train) if norm == "spectral" else layer(x)


def normalize(x: Array, norm: CriticNorm, train: bool, dtype: DType) -> Array:
    """Applies a normalisation layer of the calling compact module, with PyTorch's constants.

    Args:
      x: activations `[n, h, w, c]`.
      norm: "batch" keeps running averages with PyTorch's momentum (0.1 there, 0.9 in linen), but of
        the biased variance, as linen does. "layer" takes statistics over height, width and
        channels, and has a scale and an offset for each channel (Gulrajani et al. 2017). "instance"
        has neither parameters nor running averages (Ulyanov et al. 2016, arXiv:1607.08022).
        "spectral" belongs to the layer itself (`run_layer`), and leaves activations alone.
      train: whether batch norm uses, and averages, the statistics of the batch.
      dtype: of the computation.
    """
    if norm in ("none", "spectral"):
        return x
    if norm == "instance":
        return InstanceNorm()(x).astype(dtype)
    if norm == "layer":
        axes = tuple(range(1, x.ndim))
        return nn.LayerNorm(1e-5, dtype=dtype, reduction_axes=axes, feature_axes=-1)(x)
    return nn.BatchNorm(
        use_running_average=not train,
        momentum=0.9,
        epsilon=1e-5,
        dtype=dtype,
        scale_init=scale_init,
    )(x)


class InstanceNorm(nn.Module):
    """Normalises each channel of each image, in float32; a channel of one value becomes 0.

    A channel whose deviation is within the rounding of its mean has no gradient, either. In an
    image of one colour the gradients of the weights before a norm are 0 but for rounding, and each
    norm makes the rounding 300 times larger: in a ResNet it grows until training ends.
    """

    def __call__(self, x: Array) -> Array:
        x = core.at_least_float32(x)
        # A variance in one pass, E[x^2] - E[x]^2, is far off where a channel is nearly constant.
        mean = x.mean((1, 2), keepdims=True)
        variance = jnp.square(x - mean).mean((1, 2), keepdims=True)
        constant = variance <= jnp.square(32 * jnp.finfo(x.dtype).eps * mean)
        return (x - mean) * jnp.where(constant, 0, jax.lax.rsqrt(variance + 1e-5))


def has_offset(norm: CriticNorm) -> bool:
    """Returns whether the norm adds an offset to each channel, which makes a bias useless."""
    return norm in ("batch", "layer")


def require_multiple(x: Array, multiple: int, smallest: int) -> None:
    """Refuses images whose height and width a network that halves and doubles would not return.

    Raises:
      ValueError: if a side is not a multiple of `multiple`, or is less than `smallest`.
    """
    h, w = x.shape[1:3]
    if h % multiple or w % multiple or min(h, w) < smallest:
        raise ValueError(
            f"images of {h}x{w} do not fit this network: pad or resize height and width to "
            f"multiples of {multiple}, at least {smallest}"
        )


def run_part(part: nn.Module, x: Array, train: bool, *condition: Any) -> Array:
    """Runs a network within another one; it gets `train` only if it has such a parameter."""
    kwargs = {"train": train} if core.takes_train(type(part)) else {}
    return part(x, *condition, **kwargs)


def leaky_relu(x: Array) -> Array:
    """Leaky ReLU with slope 0.2 (linen's default is 0.01).

    Its derivative at exactly 0 is 0.2, as in PyTorch; linen's is 1.
    """
    return jnp.where(x > 0, x, 0.2 * x)

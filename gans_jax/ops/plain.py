"""A convolution, its transpose and its weight gradient as XLA convolutions, for accelerators."""

from typing import NamedTuple

import chex
import jax.numpy as jnp
from jax import Array, lax

LAYOUT = ("NHWC", "HWIO", "NHWC")


class Geometry(NamedTuple):
    """The static sizes of a convolution, shared by its transpose and its weight gradient.

    Attributes:
      stride: of the window along height and width.
      padding: zeros on both sides of the height, and on both sides of the width.
      image: height and width of the convolution's input, which is its transpose's output.
      kernel: height and width.
    """

    stride: int
    padding: tuple[int, int]
    image: tuple[int, int]
    kernel: tuple[int, int]

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of the convolution's output."""
        h, w = (
            (size + 2 * p - k) // self.stride + 1
            for size, p, k in zip(self.image, self.padding, self.kernel, strict=True)
        )
        return h, w


def conv(x: Array, w: Array, geometry: Geometry) -> Array:
    """Convolves images `[n, h, w, ci]` with `[kh, kw, ci, co]` to `[n, oh, ow, co]`."""
    strides = (geometry.stride, geometry.stride)
    padding = [(p, p) for p in geometry.padding]
    return lax.conv_general_dilated(x, w, strides, padding, dimension_numbers=LAYOUT)


def transpose(y: Array, w: Array, geometry: Geometry) -> Array:
    """Transposes `conv`: outputs `[n, oh, ow, co]` and `[kh, kw, ci, co]` to `[n, h, w, ci]`."""
    chex.assert_shape(y, (None, *geometry.output, w.shape[3]))
    s, sizes = geometry.stride, (geometry.image, geometry.padding, geometry.kernel, geometry.output)
    padding = [
        (k - 1 - p, size + p - (out - 1) * s - 1) for size, p, k, out in zip(*sizes, strict=True)
    ]
    return lax.conv_general_dilated(
        y, flip(w), (1, 1), padding, lhs_dilation=(s, s), dimension_numbers=LAYOUT
    )


def weight_gradient(x: Array, y: Array, geometry: Geometry) -> Array:
    """Maps images `[n, h, w, ci]` and gradients `[n, oh, ow, co]` to `[kh, kw, ci, co]`."""
    chex.assert_equal_shape_prefix([x, y], 1)
    chex.assert_shape(y, (None, *geometry.output, None))
    s = geometry.stride
    return lax.conv_general_dilated(
        x,
        y,
        (1, 1),
        weight_gradient_padding(geometry),
        rhs_dilation=(s, s),
        dimension_numbers=("CHWN", "IHWO", "HWNC"),
    )


def weight_gradient_padding(geometry: Geometry) -> list[tuple[int, int]]:
    """Returns the padding of images in a weight gradient, whose kernel is the dilated output."""
    sizes = (geometry.image, geometry.padding, geometry.kernel, geometry.output)
    return [
        (p, (out - 1) * geometry.stride + k - p - size)
        for size, p, k, out in zip(*sizes, strict=True)
    ]


def after(x: Array, y: Array) -> Array:
    """Returns x plus a zero that is computed from a number of y.

    XLA's CPU backend computes as early as it can. What a weight gradient makes of the images alone
    would lie in memory from the forward pass on, long before the gradients of the outputs exist. An
    optimization barrier does not help: XLA removes it before it chooses an order.
    """
    return x + jnp.minimum(jnp.abs(y[(0,) * y.ndim]), 0)


def flip(w: Array) -> Array:
    """Turns a kernel by 180 degrees for a transpose, `[kh, kw, ci, co]` to `[kh, kw, co, ci]`."""
    return w[::-1, ::-1].swapaxes(2, 3)

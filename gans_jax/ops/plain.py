"""A convolution, its transpose and its weight gradient as XLA convolutions, for accelerators."""

from typing import NamedTuple

from jax import Array, lax

LAYOUT = ("NHWC", "HWIO", "NHWC")


class Geometry(NamedTuple):
    """The static sizes of a convolution, shared by its transpose and its weight gradient.

    `image` is the height and width of the convolution's input, and so of its transpose's output.
    `padding` is what height and width are padded with, on both sides.
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
    """`[n, h, w, ci]` and `[kh, kw, ci, co]` to `[n, oh, ow, co]`."""
    strides = (geometry.stride, geometry.stride)
    padding = [(p, p) for p in geometry.padding]
    return lax.conv_general_dilated(x, w, strides, padding, dimension_numbers=LAYOUT)


def transpose(y: Array, w: Array, geometry: Geometry) -> Array:
    """`[n, oh, ow, co]` and `[kh, kw, ci, co]` to `[n, h, w, ci]`."""
    s, sizes = geometry.stride, (geometry.image, geometry.padding, geometry.kernel, geometry.output)
    padding = [
        (k - 1 - p, size + p - (out - 1) * s - 1) for size, p, k, out in zip(*sizes, strict=True)
    ]
    return lax.conv_general_dilated(
        y, flip(w), (1, 1), padding, lhs_dilation=(s, s), dimension_numbers=LAYOUT
    )


def weight_gradient(x: Array, y: Array, geometry: Geometry) -> Array:
    """`[n, h, w, ci]` and `[n, oh, ow, co]` to `[kh, kw, ci, co]`, which contracts the batch."""
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
    """What the image is padded with so that `y`, dilated by the stride, fits it kernel times."""
    sizes = (geometry.image, geometry.padding, geometry.kernel, geometry.output)
    return [
        (p, (out - 1) * geometry.stride + k - p - size)
        for size, p, k, out in zip(*sizes, strict=True)
    ]


def flip(w: Array) -> Array:
    """`[kh, kw, ci, co]` to `[kh, kw, co, ci]`, turned by 180 degrees: a transpose's kernel."""
    return w[::-1, ::-1].swapaxes(2, 3)

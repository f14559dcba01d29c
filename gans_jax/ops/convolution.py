"""Convolutions with PyTorch's geometry that are fast on every backend, as are their gradients."""

import contextlib
import functools
from collections.abc import Callable
from typing import Any, Literal

import jax
from jax import Array, lax

from gans_jax.ops import fast, plain
from gans_jax.ops.plain import Geometry

_FORMS = ("auto", "plain", "fast")
_form = jax.make_user_context("auto")


def use_convolutions(
    form: Literal["auto", "plain", "fast"],
) -> contextlib.AbstractContextManager[None]:
    """Chooses how `conv` and `conv_transpose` are computed inside a `with` block.

    - `"auto"`, the default: the fast forms on CPU, XLA's convolutions elsewhere. What counts is the
      platform that a program is compiled for.
    - `"plain"`: XLA's convolutions and XLA's derivatives of them, everywhere.
    - `"fast"`: matrix products and undilated convolutions, everywhere.

    The choice is read when `conv` is called or traced, and holds for its derivatives, too. It is
    part of `jax.jit`'s cache key, so that a jitted function compiles again in a block with another
    choice. Only `"plain"` has forward-mode derivatives (`jax.jvp`, `jax.jacfwd`, `jax.linearize`);
    reverse mode works to any order in all three forms.

    Raises:
      ValueError: if `form` is not one of the three.
    """
    if form not in _FORMS:
        raise ValueError(f"the form cannot be {form!r}: choose one of {', '.join(_FORMS)}")
    return _form(form)


def conv(x: Array, w: Array, stride: int = 1, padding: int = 0) -> Array:
    """Convolves images with a kernel that is not flipped (a cross-correlation), as PyTorch does.

    Args:
      x: images `[n, h, w, ci]` of a floating dtype.
      w: kernel `[kh, kw, ci, co]` of the same dtype.
      stride: step of the window along height and width.
      padding: rows and columns of zeros on each of the four sides.

    Returns:
      `[n, (h + 2 * padding - kh) // stride + 1, (w + 2 * padding - kw) // stride + 1, co]`.

    Raises:
      ValueError: if ranks, dtypes or channels do not match, or the kernel exceeds the padded image.
    """
    _check(x, w, "conv", w.shape[2:3], stride, padding)
    image, kernel = (x.shape[1], x.shape[2]), (w.shape[0], w.shape[1])
    geometry = Geometry(stride, (padding, padding), image, kernel)
    if min(geometry.output) < 1:
        raise ValueError(
            f"conv has a kernel {kernel} larger than its image {image} with padding {padding}: "
            "enlarge the image or the padding"
        )
    if _form.value == "plain":
        return plain.conv(x, w, geometry)
    return _conv(x, w, geometry, _form.value)


def conv_transpose(
    x: Array, w: Array, stride: int = 1, padding: int = 0, output_padding: int = 0
) -> Array:
    """Applies the transpose of a convolution, with the geometry of PyTorch's `ConvTranspose2d`.

    Args:
      x: images `[n, h, w, ci]` of a floating dtype.
      w: kernel `[kh, kw, co, ci]` of the convolution, which maps the channels `co` of the result to
        the channels `ci` of `x`; it is not flipped, and has the same dtype.
      stride: of the convolution.
      padding: of the convolution, which is cropped from the result.
      output_padding: rows and columns added at the bottom and right, less than `stride`; it selects
        one of the sizes that the convolution maps to `h`.

    Returns:
      `[n, (h - 1) * stride - 2 * padding + kh + output_padding, ..., co]`.

    Raises:
      ValueError: if ranks, dtypes or channels do not match, or `output_padding` is out of range,
        or the result would be empty.
    """
    _check(x, w, "conv_transpose", w.shape[3:4], stride, padding)
    if not 0 <= output_padding < stride:
        raise ValueError(
            "conv_transpose needs 0 <= output_padding < stride: change output_padding "
            f"{output_padding} or stride {stride}"
        )
    kernel = w.shape[0], w.shape[1]
    height, width = (
        (side - 1) * stride - 2 * padding + k + output_padding
        for side, k in zip(x.shape[1:3], kernel, strict=True)
    )
    if min(height, width) < 1:
        raise ValueError(
            f"conv_transpose of an image {x.shape[1:3]} would be {height} by {width}: "
            f"reduce its padding {padding}"
        )
    geometry = Geometry(stride, (padding, padding), (height, width), kernel)
    if _form.value == "plain":
        return plain.transpose(x, w, geometry)
    return _transpose(x, w, geometry, _form.value)


def _check(
    x: Array, w: Array, name: str, channels: tuple[int, ...], stride: int, padding: int
) -> None:
    if x.ndim != 4 or w.ndim != 4:
        raise ValueError(
            f"{name} needs images and a kernel of rank 4: reshape {x.shape} and {w.shape}"
        )
    if x.shape[3:] != channels:
        raise ValueError(
            f"{name} has images {x.shape} of {x.shape[3]} channels and a kernel {w.shape} for "
            f"{channels[0]}: make them equal"
        )
    if x.dtype != w.dtype:
        raise ValueError(f"{name} needs one dtype: cast the images {x.dtype} or kernel {w.dtype}")
    if stride < 1 or padding < 0 or min(x.shape[1:3] + w.shape[:2]) < 1:
        raise ValueError(
            f"{name} needs stride >= 1, padding >= 0 and no empty side: change stride {stride}, "
            f"padding {padding}, image {x.shape} or kernel {w.shape}"
        )


def _compute(operation: str, a: Array, b: Array, geometry: Geometry, form: str) -> Array:
    """Computes an operation in a form, which "auto" picks for the platform that is compiled for."""
    quick, default = (
        functools.partial(getattr(module, operation), geometry=geometry) for module in (fast, plain)
    )
    if form == "fast":
        return quick(a, b)
    return lax.platform_dependent(a, b, cpu=quick, default=default)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _conv(x: Array, w: Array, geometry: Geometry, form: str) -> Array:
    return _compute("conv", x, w, geometry, form)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _transpose(y: Array, w: Array, geometry: Geometry, form: str) -> Array:
    return _compute("transpose", y, w, geometry, form)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _weight_gradient(x: Array, y: Array, geometry: Geometry, form: str) -> Array:
    return _compute("weight_gradient", x, y, geometry, form)


def _define_derivatives(operation: Any, backward: Callable[..., tuple[Array, Array]]) -> None:
    """Sets the gradients of an operation, which are the two other ones of the trilinear form."""
    operation.defvjp(
        lambda a, b, geometry, form: (operation(a, b, geometry, form), (a, b)),
        lambda geometry, form, operands, g: backward(*operands, g, geometry, form),
    )


_define_derivatives(
    _conv, lambda x, w, g, *static: (_transpose(g, w, *static), _weight_gradient(x, g, *static))
)
_define_derivatives(
    _transpose, lambda y, w, g, *static: (_conv(g, w, *static), _weight_gradient(g, y, *static))
)
_define_derivatives(
    _weight_gradient, lambda x, y, g, *static: (_transpose(y, g, *static), _conv(x, g, *static))
)

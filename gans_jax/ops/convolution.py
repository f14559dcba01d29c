"""Convolutions with PyTorch's geometry that are fast on every backend, derivatives included."""

import contextlib
import functools
from typing import Literal

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

    - `"auto"`, the default: the fast forms on CPU, XLA's convolutions elsewhere, decided for the
      platform that is compiled for, which ahead of time may be another than the one at hand.
    - `"plain"`: XLA's convolutions and its own derivatives of them, everywhere.
    - `"fast"`: matrix products and undilated convolutions, everywhere.

    The choice is read when `conv` is called or traced, derivatives keep the choice of their
    function, and it is part of `jax.jit`'s cache key: the same jitted function compiles anew in
    another block. Only `"plain"` has forward-mode derivatives (`jax.jvp`, `jax.jacfwd`,
    `jax.linearize`); reverse mode works to any order in all three.

    Raises:
      ValueError: if `form` is none of the three.
    """
    if form not in _FORMS:
        raise ValueError(
            f"use_convolutions knows {', '.join(_FORMS)}, so pass one of them, not {form!r}."
        )
    return _form(form)


def conv(x: Array, w: Array, stride: int = 1, padding: int = 0) -> Array:
    """Convolution with PyTorch's geometry: `padding` zeros on all four sides.

    Args:
      x: images `[n, h, w, ci]` of a floating dtype.
      w: kernel `[kh, kw, ci, co]` of the same dtype, not flipped (a cross-correlation).
      stride: step of the window along height and width.
      padding: rows and columns of zeros on each side.

    Returns:
      `[n, (h + 2 * padding - kh) // stride + 1, (w + 2 * padding - kw) // stride + 1, co]`.

    Raises:
      ValueError: if ranks, dtypes or channels do not match, or the kernel exceeds the padded image.
    """
    _check(x, w, "conv", w.shape[2:3], stride, padding)
    geometry = Geometry(stride, (padding, padding), x.shape[1:3], w.shape[:2])
    if min(geometry.output) < 1:
        raise ValueError(
            f"conv has a kernel {w.shape[:2]} larger than its image {x.shape[1:3]} with padding "
            f"{padding}: enlarge the image or the padding."
        )
    if _form.value == "plain":
        return plain.conv(x, w, geometry)
    return _conv(x, w, geometry, _form.value)


def conv_transpose(
    x: Array, w: Array, stride: int = 1, padding: int = 0, output_padding: int = 0
) -> Array:
    """The transpose of `conv`, with the geometry of PyTorch's `ConvTranspose2d`.

    Args:
      x: images `[n, h, w, ci]` of a floating dtype.
      w: kernel `[kh, kw, co, ci]` of the convolution that this transposes, from its own output
        channels `co` to its input channels `ci`, not flipped; the same dtype.
      stride: of that convolution.
      padding: of that convolution, so what is cropped here.
      output_padding: rows and columns added at the bottom and right, less than `stride`: which of
        the sizes that the convolution maps to `h` the result has.

    Returns:
      `[n, (h - 1) * stride - 2 * padding + kh + output_padding, ..., co]`.

    Raises:
      ValueError: if ranks, dtypes or channels do not match, or `output_padding` is out of range,
        or the result would be empty.
    """
    _check(x, w, "conv_transpose", w.shape[3:4], stride, padding)
    if not 0 <= output_padding < stride:
        raise ValueError(
            "conv_transpose needs 0 <= output_padding < stride, so change output_padding "
            f"{output_padding} or stride {stride}."
        )
    h, width = (
        (o - 1) * stride - 2 * padding + k + output_padding
        for o, k in zip(x.shape[1:3], w.shape[:2], strict=True)
    )
    if min(h, width) < 1:
        raise ValueError(
            f"conv_transpose of an image {x.shape[1:3]} would be {h} by {width}: "
            f"reduce its padding {padding}."
        )
    geometry = Geometry(stride, (padding, padding), (h, width), w.shape[:2])
    if _form.value == "plain":
        return plain.transpose(x, w, geometry)
    return _transpose(x, w, geometry, _form.value)


def _check(
    x: Array, w: Array, name: str, channels: tuple[int, ...], stride: int, padding: int
) -> None:
    if x.ndim != 4 or w.ndim != 4:
        raise ValueError(
            f"{name} needs images and kernel of rank 4, so reshape {x.shape} and {w.shape}."
        )
    if x.shape[3:] != channels:
        raise ValueError(
            f"{name} has images {x.shape} of {x.shape[3]} channels and a kernel {w.shape} for "
            f"{channels[0]}: make them equal."
        )
    if x.dtype != w.dtype:
        raise ValueError(f"{name} needs one dtype, so cast {x.dtype} images or {w.dtype} kernel.")
    if stride < 1 or padding < 0 or min(x.shape[1:3] + w.shape[:2]) < 1:
        raise ValueError(
            f"{name} needs stride >= 1, padding >= 0 and no empty side, so change stride {stride}, "
            f"padding {padding}, image {x.shape} or kernel {w.shape}."
        )


def _compute(operation: str, a: Array, b: Array, geometry: Geometry, form: str) -> Array:
    """Picks the form inside each operation, so that derivatives are compiled for a platform too."""
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


def _define_derivatives(operation, backward) -> None:
    """All three are one trilinear form, so the gradients of each are the other two."""
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

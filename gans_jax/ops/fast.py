"""The same three operations as matrix products and undilated convolutions, for XLA's CPU backend.

XLA's CPU backend is fast on those and slow on dilated convolutions, which strided gradients are.
The thresholds were measured in float32 on two AVX-512 cores, on layers of DCGAN, pix2pix and
CycleGAN; a form is here only if it gained more than 5 % there.
"""

import math

import jax.numpy as jnp
from jax import Array, lax

from gans_jax.ops import plain
from gans_jax.ops.plain import LAYOUT, Geometry, flip

_FEW_CHANNELS = 16
_FEW_ROWS = 1024
_MANY_OUTPUTS = 512
_SMALL_PRODUCT = 2**22
_FEW_ROWS_GRADIENT = 128
_FEW_TAPS = 64
_CACHED_OUTPUTS = 2**17
_FEW_IMAGES = 8


def conv(x: Array, w: Array, geometry: Geometry) -> Array:
    """`[n, h, w, ci]` and `[kh, kw, ci, co]` to `[n, oh, ow, co]`."""
    if _is_one_window(geometry):
        return _conv_window(x, w, geometry)
    rows, outputs = x.shape[0] * math.prod(geometry.output), w.shape[3]
    if geometry.kernel == (1, 1) or (rows <= _FEW_ROWS and outputs >= _MANY_OUTPUTS):
        return _conv_patches(x, w, geometry)
    if geometry.stride == 1 and _overlap_wins(x, outputs, geometry):
        return _transpose_overlap(x, flip(w), _dual(geometry))
    if geometry.padding == (0, 0):
        return _conv_padded(x, w, geometry)
    return plain.conv(x, w, geometry)


def transpose(y: Array, w: Array, geometry: Geometry) -> Array:
    """`[n, oh, ow, co]` and `[kh, kw, ci, co]` to `[n, h, w, ci]`."""
    if _is_one_window(geometry):
        return _transpose_window(y, w, geometry)
    if any(k % geometry.stride for k in geometry.kernel):
        return plain.transpose(y, w, geometry)
    if _overlap_wins(y, w.shape[2], geometry):
        return _transpose_overlap(y, w, geometry)
    if geometry.stride > 1:
        return _transpose_subpixel(y, w, geometry)
    return plain.transpose(y, w, geometry)


def weight_gradient(x: Array, y: Array, geometry: Geometry) -> Array:
    """`[n, h, w, ci]` and `[n, oh, ow, co]` to `[kh, kw, ci, co]`."""
    if _is_one_window(geometry):
        return _weight_gradient_window(x, y, geometry)
    rows, taps = math.prod(y.shape[:3]), math.prod(geometry.kernel)
    few_taps = taps == 1 or taps * x.shape[3] <= _FEW_TAPS
    if few_taps or rows <= _FEW_ROWS_GRADIENT:
        return _weight_gradient_patches(x, y, geometry)
    if geometry.stride == 1 and taps * y.shape[3] <= _FEW_TAPS:
        return flip(_weight_gradient_patches(y, x, _dual(geometry)))
    if x.shape[0] < _FEW_IMAGES:
        return _weight_gradient_taps(x, y, geometry)
    return _weight_gradient_groups(x, y, geometry)


def _is_one_window(geometry: Geometry) -> bool:
    reaches = all(p < k for p, k in zip(geometry.padding, geometry.kernel, strict=True))
    return geometry.output == (1, 1) and reaches


def _conv_window(x: Array, w: Array, geometry: Geometry) -> Array:
    """One window covers the image: a matrix product, 4 to 10 times faster, of the taps in use."""
    x, w = _seen_pixels(x, geometry), _seen_taps(w, geometry)
    y = x.reshape(x.shape[0], math.prod(x.shape[1:])) @ w.reshape(-1, w.shape[3])
    return y[:, None, None]


def _transpose_window(y: Array, w: Array, geometry: Geometry) -> Array:
    """As `_conv_window`: a 1x1 image, as a generator's first layer has, is a vector."""
    w = _seen_taps(w, geometry)
    x = _product(y, w, 1, 1).reshape(y.shape[0], *w.shape[:3])
    (h, width), (rows, columns) = geometry.image, x.shape[1:3]
    return _pad(x, (0, h - rows), (0, width - columns))


def _weight_gradient_window(x: Array, y: Array, geometry: Geometry) -> Array:
    """As `_conv_window`: an outer product, and zero for the taps that see only padding."""
    x = _seen_pixels(x, geometry)
    dw = _product(x.reshape(x.shape[0], -1), y, 0, 0).reshape(*x.shape[1:], y.shape[3])
    (ph, pw), (kh, kw), (rows, columns) = geometry.padding, geometry.kernel, dw.shape[:2]
    return _pad(dw, (ph, kh - ph - rows), (pw, kw - pw - columns), axis=0)


def _conv_patches(x: Array, w: Array, geometry: Geometry) -> Array:
    """For few pixels and many outputs: one matrix product gains more than copying patches costs.

    It gained 10 to 40 % from 1024 rows down with 512 outputs, and lost with 256; a 1x1 kernel
    copies nothing, and gained 15 to 50 %.
    """
    patches = _patches(x, geometry)
    return _product(patches, w, 1, 0).reshape(*patches.shape[:3], w.shape[3])


def _conv_padded(x: Array, w: Array, geometry: Geometry) -> Array:
    """XLA's CPU backend is quick only where something is padded: a row more, which is dropped.

    On reflected images that took a third of the time at 64x64 with 256 channels, a twentieth where
    64 channels become 3, and no more than the same at 16x16.
    """
    y = lax.conv_general_dilated(
        x, w, (geometry.stride,) * 2, [(0, 1), (0, 0)], dimension_numbers=LAYOUT
    )
    return y[:, : geometry.output[0]]


def _overlap_wins(y: Array, inputs: int, geometry: Geometry) -> bool:
    """Whether the product of all taps is small enough to stay in cache, measured as 4M elements.

    At stride 1 a convolution does no wasted work unless it fills vectors with 16 channels or less.
    """
    taps = math.prod(geometry.kernel)
    small = math.prod(y.shape[:3]) * taps * inputs <= _SMALL_PRODUCT
    return taps == 1 or (small and (geometry.stride > 1 or inputs <= _FEW_CHANNELS))


def _transpose_overlap(y: Array, w: Array, geometry: Geometry) -> Array:
    """One matrix product for all taps, then shifted adds: half to a fifth of the dilated time."""
    s, (kh, kw, ci, _) = geometry.stride, w.shape
    th, tw = kh // s, kw // s
    z = _product(y, w, 1, 1).reshape(*y.shape[:3], th, s, tw, s, ci)
    shifted = [
        _pad(z[:, :, :, i, :, j], (i, th - 1 - i), (j, tw - 1 - j))
        for i in range(th)
        for j in range(tw)
    ]
    return _pixel_shuffle(sum(shifted[1:], shifted[0]), geometry)


def _transpose_subpixel(y: Array, w: Array, geometry: Geometry) -> Array:
    """For larger products, an undilated convolution to s*s*ci channels: up to half the time."""
    s, (kh, kw, ci, co) = geometry.stride, w.shape
    th, tw = kh // s, kw // s
    w = w.reshape(th, s, tw, s, ci, co)[::-1, :, ::-1].transpose(0, 2, 5, 1, 3, 4)
    padding = [(th - 1, th - 1), (tw - 1, tw - 1)]
    z = lax.conv_general_dilated(
        y, w.reshape(th, tw, co, s * s * ci), (1, 1), padding, dimension_numbers=LAYOUT
    )
    return _pixel_shuffle(z.reshape(*z.shape[:3], s, s, ci), geometry)


def _weight_gradient_patches(x: Array, y: Array, geometry: Geometry) -> Array:
    """One matrix product over all pixels: half the time while copying the patches is cheap.

    It gained up to 64 columns of patches (for few channels) or 128 rows (for few pixels).
    """
    dw = _product(_patches(x, geometry), y, 0, 0)
    return dw.reshape(*geometry.kernel, x.shape[3], y.shape[3])


def _weight_gradient_taps(x: Array, y: Array, geometry: Geometry) -> Array:
    """One matrix product per tap, over pixels: 10 to 45 % less time for a batch of one image."""
    taps = [_product(tap, y, 0, 0) for tap in _taps(x, geometry)]
    return jnp.stack(taps).reshape(*geometry.kernel, x.shape[3], y.shape[3])


def _weight_gradient_groups(x: Array, y: Array, geometry: Geometry) -> Array:
    """The sum over groups of images whose outputs stay in cache: down to a third of the time.

    It gained 5 to 20 % on 16x16 images and 50 to 65 % on 32x32 ones with 128 outputs.
    """
    num = max(1, _CACHED_OUTPUTS // math.prod(y.shape[1:]))
    groups = [slice(start, start + num) for start in range(0, x.shape[0], num)]
    parts = [_weight_gradient_over_images(x[group], y[group], geometry) for group in groups]
    return sum(parts[1:], parts[0])


def _weight_gradient_over_images(x: Array, y: Array, geometry: Geometry) -> Array:
    """A convolution over the batch, transposed by hand to the layout that the fast path knows.

    XLA does that by itself, but not in the body of a `lax.scan`, where it then takes 60 to 150
    times as long; the barrier keeps the transposes from being folded back into the convolution.
    """
    x, y = lax.optimization_barrier((x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3)))
    s, padding = geometry.stride, plain.weight_gradient_padding(geometry)
    dw = lax.conv_general_dilated(
        x, y, (1, 1), padding, rhs_dilation=(s, s), dimension_numbers=LAYOUT
    )
    return dw.transpose(1, 2, 0, 3)


def _product(x: Array, y: Array, x_axis: int, y_axis: int) -> Array:
    """The product of two matrices, each the array with all but its last axis as rows.

    XLA does not transpose for a product of matrices, but does for one of arrays with more axes,
    which took two to five times as long for the kernels of a U-Net.
    """
    x, y = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
    return lax.dot_general(x, y, (((x_axis,), (y_axis,)), ((), ())))


def _dual(geometry: Geometry) -> Geometry:
    """At stride 1, the convolution whose transpose, with the flipped kernel, is this one."""
    ph, pw = (k - 1 - p for k, p in zip(geometry.kernel, geometry.padding, strict=True))
    return geometry._replace(padding=(ph, pw), image=geometry.output)


def _seen_pixels(x: Array, geometry: Geometry) -> Array:
    (kh, kw), (ph, pw) = geometry.kernel, geometry.padding
    return x[:, : kh - ph, : kw - pw]


def _seen_taps(w: Array, geometry: Geometry) -> Array:
    (h, width), (ph, pw) = geometry.image, geometry.padding
    return w[ph : ph + h, pw : pw + width]


def _patches(x: Array, geometry: Geometry) -> Array:
    """The window of every output pixel: `[n, h, w, c]` to `[n, oh, ow, kh * kw * c]`."""
    return jnp.concatenate(_taps(x, geometry), axis=-1)


def _taps(x: Array, geometry: Geometry) -> list[Array]:
    """Per position in the kernel, what it sees: `[n, h, w, c]` to kh * kw of `[n, oh, ow, c]`."""
    (kh, kw), (oh, ow), s = geometry.kernel, geometry.output, geometry.stride
    x = _pad(x, *plain.weight_gradient_padding(geometry))
    height, width = s * (oh - 1) + 1, s * (ow - 1) + 1
    return [x[:, i : i + height : s, j : j + width : s] for i in range(kh) for j in range(kw)]


def _pixel_shuffle(z: Array, geometry: Geometry) -> Array:
    """Blocks `[n, gh, gw, s, s, c]` to the image: without its padding, with rows no window saw."""
    n, gh, gw, s, _, c = z.shape
    (h, width), (ph, pw) = geometry.image, geometry.padding
    x = z.transpose(0, 1, 3, 2, 4, 5).reshape(n, gh * s, gw * s, c)
    return _pad(x, (-ph, ph + h - gh * s), (-pw, pw + width - gw * s))


def _pad(x: Array, first: tuple[int, int], second: tuple[int, int], axis: int = 1) -> Array:
    """Zeros around two neighbouring axes; negative amounts crop."""
    config = [(0, 0, 0)] * x.ndim
    config[axis], config[axis + 1] = (*first, 0), (*second, 0)
    return lax.pad(x, jnp.zeros((), x.dtype), config)

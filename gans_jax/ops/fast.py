"""The operations of `plain` as matrix products and undilated convolutions, for XLA's CPU backend.

XLA's CPU backend is fast on these, and slow on dilated convolutions, such as the gradients of
strided ones. The thresholds were measured in float32 on two AVX-512 cores, on layers of DCGAN,
pix2pix and CycleGAN. A form is here only if it saved more than 5 % of the time there.
"""

import math

import chex
import jax.numpy as jnp
from jax import Array, lax

from gans_jax.ops import plain, winograd
from gans_jax.ops.plain import LAYOUT, Geometry, after, flip

# Up to so many channels, a convolution of stride 1 would leave vectors nearly empty.
_FEW_CHANNELS = 4
# Up to so many output pixels, and from so many output channels on, patches replace a convolution.
_FEW_ROWS, _MANY_OUTPUTS = 1024, 512
# From so many channels and output pixels on, sums cost less than the products that they save.
_MANY_CHANNELS, _MANY_ROWS = 128, 512
# Elements up to which the product of all taps stays in cache, or costs less than empty vectors.
_SMALL_PRODUCT, _LARGE_PRODUCT = 2**22, 2**24
# Up to so many output pixels, or numbers in a patch, a weight gradient is a product of patches.
_FEW_ROWS_GRADIENT, _FEW_TAPS = 256, 64
# Numbers in the outputs of a group of images that stay in cache.
_CACHED_OUTPUTS = 2**17
# Below so many images, and from so many channels on, a weight gradient is a product for each tap.
_FEW_IMAGES, _FEW_INPUTS = 8, 4


def conv(x: Array, w: Array, geometry: Geometry) -> Array:
    """Convolves images `[n, h, w, ci]` with `[kh, kw, ci, co]` to `[n, oh, ow, co]`."""
    if _is_one_window(geometry):
        return _conv_window(x, w, geometry)
    if _winograd_wins(x.shape[0], min(w.shape[2:]), geometry):
        return winograd.conv(x, w, geometry)
    rows, outputs = x.shape[0] * math.prod(geometry.output), w.shape[3]
    few_rows = geometry.stride > 1 and rows <= _FEW_ROWS
    if geometry.kernel == (1, 1) or (few_rows and outputs >= _MANY_OUTPUTS):
        return _conv_patches(x, w, geometry)
    if geometry.stride == 1 and _overlap_wins(x, outputs, geometry):
        return _transpose_overlap(x, flip(w), _dual(geometry))
    if geometry.padding == (0, 0):
        return _conv_padded(x, w, geometry)
    return plain.conv(x, w, geometry)


def transpose(y: Array, w: Array, geometry: Geometry) -> Array:
    """Transposes `conv`: outputs `[n, oh, ow, co]` and `[kh, kw, ci, co]` to `[n, h, w, ci]`."""
    chex.assert_shape(y, (None, *geometry.output, w.shape[3]))
    if _is_one_window(geometry):
        return _transpose_window(y, w, geometry)
    if _winograd_wins(y.shape[0], min(w.shape[2:]), geometry):
        return winograd.transpose(y, w, geometry)
    if any(k % geometry.stride for k in geometry.kernel):
        return plain.transpose(y, w, geometry)
    if _overlap_wins(y, w.shape[2], geometry):
        return _transpose_overlap(y, w, geometry)
    if geometry.stride > 1:
        return _transpose_subpixel(y, w, geometry)
    return plain.transpose(y, w, geometry)


def weight_gradient(x: Array, y: Array, geometry: Geometry) -> Array:
    """Maps images `[n, h, w, ci]` and gradients `[n, oh, ow, co]` to `[kh, kw, ci, co]`."""
    chex.assert_equal_shape_prefix([x, y], 1)
    chex.assert_shape(y, (None, *geometry.output, None))
    if _is_one_window(geometry):
        return _weight_gradient_window(x, y, geometry)
    if _winograd_wins(x.shape[0], min(x.shape[3], y.shape[3]), geometry):
        return winograd.weight_gradient(x, y, geometry)
    rows, taps = math.prod(y.shape[:3]), math.prod(geometry.kernel)
    few_taps = taps == 1 or taps * x.shape[3] <= _FEW_TAPS
    if few_taps or rows <= _FEW_ROWS_GRADIENT:
        return _weight_gradient_patches(x, y, geometry)
    if geometry.stride == 1 and y.shape[3] <= _FEW_CHANNELS:
        return flip(_weight_gradient_patches(y, x, _dual(geometry)))
    if x.shape[0] < _FEW_IMAGES and x.shape[3] >= _FEW_INPUTS:
        return _weight_gradient_taps(x, y, geometry)
    return _weight_gradient_groups(x, y, geometry)


def _is_one_window(geometry: Geometry) -> bool:
    reaches = all(p < k for p, k in zip(geometry.padding, geometry.kernel, strict=True))
    return geometry.output == (1, 1) and reaches


def _conv_window(x: Array, w: Array, geometry: Geometry) -> Array:
    """Convolves an image that one window covers: a matrix product of the pixels and taps in use."""
    x, w = _seen_pixels(x, geometry), _seen_taps(w, geometry)
    y = x.reshape(x.shape[0], math.prod(x.shape[1:])) @ w.reshape(-1, w.shape[3])
    return y[:, None, None]


def _transpose_window(y: Array, w: Array, geometry: Geometry) -> Array:
    """Transposes `_conv_window`, as in the first layer of a generator: a matrix product."""
    w = _seen_taps(w, geometry)
    x = _product(y, w, 1, 1).reshape(y.shape[0], *w.shape[:3])
    (h, width), (rows, columns) = geometry.image, x.shape[1:3]
    return _pad(x, (0, h - rows), (0, width - columns))


def _weight_gradient_window(x: Array, y: Array, geometry: Geometry) -> Array:
    """Takes the weight gradient of `_conv_window`: zero for the taps that see padding alone."""
    x = _seen_pixels(x, geometry)
    dw = _product(x.reshape(x.shape[0], -1), y, 0, 0).reshape(*x.shape[1:], y.shape[3])
    (ph, pw), (kh, kw), (rows, columns) = geometry.padding, geometry.kernel, dw.shape[:2]
    return _pad(dw, (ph, kh - ph - rows), (pw, kw - pw - columns), axis=0)


def _conv_patches(x: Array, w: Array, geometry: Geometry) -> Array:
    """Convolves by one matrix product of patches, for few pixels and many outputs.

    There the product saves more than the copying of the patches costs. A 1x1 kernel copies nothing.
    """
    patches = _patches(x, geometry)
    return _product(patches, w, 1, 0).reshape(*patches.shape[:3], w.shape[3])


def _conv_padded(x: Array, w: Array, geometry: Geometry) -> Array:
    """Convolves with a row of padding, and drops the last row of the result.

    XLA's CPU backend has a fast path for convolutions with padding alone.
    """
    y = lax.conv_general_dilated(
        x, w, (geometry.stride,) * 2, [(0, 1), (0, 0)], dimension_numbers=LAYOUT
    )
    return y[:, : geometry.output[0]]


def _overlap_wins(y: Array, inputs: int, geometry: Geometry) -> bool:
    """Returns whether the product of all taps is small enough.

    At stride 1 it must also have few channels, where a convolution would leave vectors half empty,
    or half as many as the outputs.
    """
    taps = math.prod(geometry.kernel)
    size = math.prod(y.shape[:3]) * taps * inputs
    if geometry.stride == 1 and inputs <= _FEW_CHANNELS:
        return taps == 1 or size <= _LARGE_PRODUCT
    half = inputs <= y.shape[3] // 2
    return taps == 1 or (size <= _SMALL_PRODUCT and (geometry.stride > 1 or half))


def _winograd_wins(num: int, channels: int, geometry: Geometry) -> bool:
    """Returns whether a form with fewer products exists and `num` images are large enough for it.

    `channels` are the fewer ones of inputs and outputs.
    """
    fits = geometry.kernel == (3, 3) and geometry.stride == 1 and max(geometry.padding) <= 2
    rows = num * math.prod(geometry.output)
    return fits and channels >= _MANY_CHANNELS and rows >= _MANY_ROWS


def _transpose_overlap(y: Array, w: Array, geometry: Geometry) -> Array:
    """Transposes by one matrix product for all taps, whose results are shifted and added."""
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
    """Transposes by an undilated convolution to s*s*ci channels, one for each pixel of a block."""
    s, (kh, kw, ci, co) = geometry.stride, w.shape
    th, tw = kh // s, kw // s
    w = w.reshape(th, s, tw, s, ci, co)[::-1, :, ::-1].transpose(0, 2, 5, 1, 3, 4)
    padding = [(th - 1, th - 1), (tw - 1, tw - 1)]
    z = lax.conv_general_dilated(
        y, w.reshape(th, tw, co, s * s * ci), (1, 1), padding, dimension_numbers=LAYOUT
    )
    return _pixel_shuffle(z.reshape(*z.shape[:3], s, s, ci), geometry)


def _weight_gradient_patches(x: Array, y: Array, geometry: Geometry) -> Array:
    """Takes the weight gradient by one matrix product over all pixels, where patches are cheap."""
    dw = _product(_patches(x, geometry), y, 0, 0)
    return dw.reshape(*geometry.kernel, x.shape[3], y.shape[3])


def _weight_gradient_taps(x: Array, y: Array, geometry: Geometry) -> Array:
    """Takes the weight gradient by one matrix product over pixels for each tap, for few images.

    The outputs are transposed once for all products, which the barrier keeps so.
    """
    y = lax.optimization_barrier(y.reshape(-1, y.shape[3]).T)
    taps = [y @ tap.reshape(-1, x.shape[3]) for tap in _taps(after(x, y), geometry)]
    return jnp.stack(taps).reshape(*geometry.kernel, *y.shape[:1], x.shape[3]).swapaxes(2, 3)


def _weight_gradient_groups(x: Array, y: Array, geometry: Geometry) -> Array:
    """Sums the weight gradients of groups of images whose outputs stay in cache.

    A kernel with more numbers than the outputs would make the sum dearer than the cache saves.
    """
    kernel = math.prod(geometry.kernel) * x.shape[3] * y.shape[3]
    num = max(1, x.shape[0] if kernel > y.size else _CACHED_OUTPUTS // math.prod(y.shape[1:]))
    groups = [slice(start, start + num) for start in range(0, x.shape[0], num)]
    parts = [_weight_gradient_over_images(x[group], y[group], geometry) for group in groups]
    return sum(parts[1:], parts[0])


def _weight_gradient_over_images(x: Array, y: Array, geometry: Geometry) -> Array:
    """Takes the weight gradient by a convolution over the batch, in the layout of the fast path.

    XLA transposes to this layout by itself, but not in the body of a `lax.scan`, where it is many
    times slower. The barrier keeps the transposes from being folded back into the convolution.
    """
    x, y = lax.optimization_barrier((x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3)))
    s, padding = geometry.stride, plain.weight_gradient_padding(geometry)
    dw = lax.conv_general_dilated(
        x, y, (1, 1), padding, rhs_dilation=(s, s), dimension_numbers=LAYOUT
    )
    return dw.transpose(1, 2, 0, 3)


def _product(x: Array, y: Array, x_axis: int, y_axis: int) -> Array:
    """Contracts axes of two matrices, each an array whose axes but the last are the rows.

    XLA transposes arrays of more axes before a product, which takes several times as long.
    """
    x, y = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
    return lax.dot_general(x, y, (((x_axis,), (y_axis,)), ((), ())))


def _dual(geometry: Geometry) -> Geometry:
    """Returns the geometry of the convolution that, transposed, is this one of stride 1.

    Its kernel is the flipped one.
    """
    ph, pw = (k - 1 - p for k, p in zip(geometry.kernel, geometry.padding, strict=True))
    return geometry._replace(padding=(ph, pw), image=geometry.output)


def _seen_pixels(x: Array, geometry: Geometry) -> Array:
    """Returns the pixels that the one window covers."""
    (kh, kw), (ph, pw) = geometry.kernel, geometry.padding
    return x[:, : kh - ph, : kw - pw]


def _seen_taps(w: Array, geometry: Geometry) -> Array:
    """Returns the entries of the kernel that lie over the image in the one window."""
    (h, width), (ph, pw) = geometry.image, geometry.padding
    return w[ph : ph + h, pw : pw + width]


def _patches(x: Array, geometry: Geometry) -> Array:
    """Returns the window of every output pixel, `[n, h, w, c]` to `[n, oh, ow, kh * kw * c]`."""
    return jnp.concatenate(_taps(x, geometry), axis=-1)


def _taps(x: Array, geometry: Geometry) -> list[Array]:
    """Returns the pixels under each of the kh * kw entries of the kernel, `[n, oh, ow, c]` each."""
    (kh, kw), (oh, ow), s = geometry.kernel, geometry.output, geometry.stride
    rows, columns = plain.weight_gradient_padding(geometry)
    x = _pad(x, rows, columns)
    height, width = s * (oh - 1) + 1, s * (ow - 1) + 1
    return [x[:, i : i + height : s, j : j + width : s] for i in range(kh) for j in range(kw)]


def _pixel_shuffle(z: Array, geometry: Geometry) -> Array:
    """Arranges blocks `[n, gh, gw, s, s, c]` as an image, cropped or padded to its size."""
    n, gh, gw, s, _, c = z.shape
    (h, width), (ph, pw) = geometry.image, geometry.padding
    x = z.transpose(0, 1, 3, 2, 4, 5).reshape(n, gh * s, gw * s, c)
    return _pad(x, (-ph, ph + h - gh * s), (-pw, pw + width - gw * s))


def _pad(x: Array, first: tuple[int, int], second: tuple[int, int], axis: int = 1) -> Array:
    """Surrounds two neighbouring axes with zeros; negative amounts crop."""
    config = [(0, 0, 0)] * x.ndim
    config[axis], config[axis + 1] = (*first, 0), (*second, 0)
    return lax.pad(x, jnp.zeros((), x.dtype), config)

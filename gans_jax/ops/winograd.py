"""3x3 convolutions of stride 1 with 2.25 times fewer products, for XLA's CPU backend.

Two neighbouring outputs of a row share two of their four pixels, so that four products of sums of
pixels and sums of taps give both, instead of six. In rows and columns a tile of 2x2 outputs takes
16 products instead of 36: Winograd's minimal filtering F(2x2, 3x3). The products of all tiles and
channels are 16 matrix products (Lavin and Gray 2016, arXiv:1509.09308, section 4).

Rows and columns are summed one after the other. All sums lie in one array, so that they are few
programs, which compile quickly.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import Array, lax

from gans_jax.ops.plain import Geometry, after

# A sum: indices and their factors.
Sum = tuple[tuple[int, float], ...]

# The pixels and the taps of each product, and the products of each output (section 4.1).
_PIXELS: tuple[Sum, ...] = ((0, 1), (2, -1)), ((1, 1), (2, 1)), ((2, 1), (1, -1)), ((1, 1), (3, -1))
_TAPS: tuple[Sum, ...] = (
    ((0, 1),),
    ((0, 0.5), (1, 0.5), (2, 0.5)),
    ((0, 0.5), (1, -0.5), (2, 0.5)),
    ((2, 1),),
)
_OUTPUTS: tuple[Sum, ...] = ((0, 1), (1, 1), (2, 1)), ((1, 1), (2, -1), (3, -1))
# A kernel that is turned around has the same sums of taps in another order. Here the pixels and the
# outputs are in that order instead, so that a convolution and its transpose share the sums of taps.
_TURNED_PIXELS = _PIXELS[3], *_PIXELS[1:3], _PIXELS[0]
_TURNED_OUTPUTS: tuple[Sum, ...] = ((3, 1), (1, 1), (2, 1)), ((1, 1), (2, -1), (0, -1))


def conv(x: Array, w: Array, geometry: Geometry) -> Array:
    """Convolves images `[n, h, w, ci]` with `[3, 3, ci, co]` to `[n, oh, ow, co]`."""
    return _multiply(x, w, _PIXELS, _OUTPUTS, geometry.padding, geometry.output, channels=1)


def transpose(y: Array, w: Array, geometry: Geometry) -> Array:
    """Transposes `conv`: a convolution with the kernel turned around."""
    top, left = geometry.padding
    turned = _TURNED_PIXELS, _TURNED_OUTPUTS
    return _multiply(y, w, *turned, (2 - top, 2 - left), geometry.image, channels=2)


@functools.partial(jax.jit, static_argnums=(2, 3, 4, 5), static_argnames="channels")
def _multiply(
    x: Array,
    w: Array,
    pixels: Sequence[Sum],
    outputs: Sequence[Sum],
    padding: tuple[int, int],
    size: tuple[int, int],
    channels: int,
) -> Array:
    """Returns images of a size: sums of products over an axis of the kernel's channels."""
    n, (th, tw) = x.shape[0], _tiles(size)
    rows = _sums(_TAPS, w.__getitem__)
    kernels = _sums(_TAPS, lambda j: rows[:, j]).reshape(16, *w.shape[2:])
    images = _images(x, pixels, padding, (th, tw))
    products = lax.dot_general(images, kernels, (((2,), (channels,)), ((0,), (0,))))
    products = products.reshape(4, 4, n * th * tw, -1)
    y = _sums(outputs, products.__getitem__, 2).reshape(4, n, th, 2 * tw, -1)
    y = _sums(outputs, lax.optimization_barrier(y).__getitem__, 2)
    return y.reshape(n, 2 * th, 2 * tw, -1)[:, : size[0], : size[1]]


@functools.partial(jax.jit, static_argnums=2)
def weight_gradient(x: Array, y: Array, geometry: Geometry) -> Array:
    """Maps images `[n, h, w, ci]` and gradients `[n, oh, ow, co]` to `[3, 3, ci, co]`."""
    tiles = _tiles(geometry.output)
    images = _images(after(x, y), _PIXELS, geometry.padding, tiles)
    gradients = _images(y, _transposed(_OUTPUTS), (0, 0), tiles)
    products = lax.dot_general(images, gradients, (((1,), (1,)), ((0,), (0,))))
    products = products.reshape(4, 4, *products.shape[1:])
    columns = _sums(_transposed(_TAPS), products.__getitem__, 1)
    return _sums(_transposed(_TAPS), columns.__getitem__)


def _tiles(size: tuple[int, int]) -> tuple[int, int]:
    return -(-size[0] // 2), -(-size[1] // 2)


def _images(
    x: Array, sums: Sequence[Sum], padding: tuple[int, int], tiles: tuple[int, int]
) -> Array:
    """Returns the sums of each tile's columns of the sums of its rows, `[16, tiles, c]`."""
    (top, left), (th, tw), (n, h, w, c) = padding, tiles, x.shape
    reach = max(i for terms in sums for i, _ in terms) - 1
    config = [(0, 0, 0), (top, 2 * th + reach - top - h, 0), (left, 2 * tw + reach - left - w, 0)]
    x = lax.pad(x, jnp.zeros((), x.dtype), [*config, (0, 0, 0)])
    rows = _sums(sums, lambda i: lax.slice_in_dim(x, i, i + 2 * th - 1, 2, 1))
    rows = lax.optimization_barrier(rows)
    columns = _sums(sums, lambda j: lax.slice_in_dim(rows, j, j + 2 * tw - 1, 2, 3))
    return columns.reshape(16, n * th * tw, c)


def _sums(sums: Sequence[Sum], get: Callable[[int], Array], axis: int = 0) -> Array:
    return jnp.stack(
        [sum((f * get(i) for i, f in rest), f0 * get(j)) for (j, f0), *rest in sums], axis
    )


def _transposed(sums: Sequence[Sum]) -> list[Sum]:
    """Returns the sums of the transposed linear map."""
    num = 1 + max(i for terms in sums for i, _ in terms)
    return [
        tuple((i, f) for i, terms in enumerate(sums) for j, f in terms if j == k)
        for k in range(num)
    ]

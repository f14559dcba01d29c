"""Kernels that compare two samples: Coulomb GAN's potential and MMD GAN's discrepancy.

Both compare whole samples, so give them the global batch. Both count the kernel of an example with
itself, as the authors' codes do.
"""

import chex
import jax.numpy as jnp
from jax import Array, lax


def potential(
    at: Array, real: Array, fake: Array, d: chex.Numeric = 1.0, epsilon: chex.Numeric = 1.0
) -> Array:
    """Returns Phi(a) = mean_i k(a, y_i) - mean_i k(a, x_i) at examples a, `[n, ...] -> [n]`.

    The y_i are real and the x_i generated examples.

    k(a, b) = (|a - b|^2 + epsilon^2)^(-d/2) is the Plummer kernel (Unterthiner et al. 2018,
    arXiv:1708.08819). Distances are sums of squared differences, which do not cancel.
    """

    def mean_kernel(b: Array) -> Array:
        difference = at.reshape(at.shape[0], 1, -1) - b.reshape(b.shape[0], -1)
        squared = jnp.sum(jnp.square(difference), axis=-1)
        # With d = 1 XLA leaves no power here, which on CPU takes longer than all the rest.
        return jnp.mean(lax.rsqrt(squared + epsilon**2) ** d, axis=1)

    return mean_kernel(real) - mean_kernel(fake)


def squared_mmd(x: Array, y: Array, sigmas: tuple[float, ...]) -> Array:
    """Returns E k(x, x') + E k(y, y') - 2 E k(x, y) of `[n, size]` and `[m, size]`.

    This is the squared maximum mean discrepancy (Gretton et al. 2012), biased upwards, for the sum
    over sigma of the kernels exp(-|a - b|^2 / (2 sigma^2)). Distances come from matrix products,
    which have float32's precision here even where the default is less, since their differences
    cancel.
    """

    def mean_kernel(a: Array, b: Array) -> Array:
        products = jnp.matmul(a, b.T, precision=lax.Precision.HIGHEST)
        squared = jnp.sum(a * a, axis=1)[:, None] - 2 * products + jnp.sum(b * b, axis=1)
        return jnp.mean(sum(jnp.exp(-squared / (2 * sigma**2)) for sigma in sigmas))

    return mean_kernel(x, x) + mean_kernel(y, y) - 2 * mean_kernel(x, y)


def safe_root(x: Array) -> Array:
    """Returns the root of max(0, x), with gradient 0 where it is 0."""
    return jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1)), 0)

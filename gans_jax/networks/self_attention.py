"""Self-attention."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from gans_jax.networks.layers import Conv, CriticNorm, DType, run_layer


class SelfAttention(nn.Module):
    """Adds to each place what it finds at all others, `[n, h, w, c] -> [n, h, w, c]`.

    SAGAN's layer (Zhang et al. 2019, arXiv:1805.08318, section 3), x + gamma * o(x), as in the
    authors' code: 1x1 convolutions without biases make queries and keys of c / 8 channels and
    values of c / 2; keys and values are max-pooled by 2; another 1x1 convolution brings the sums of
    values back to c channels. The scalar gamma is 0 at the start, where the layer changes nothing.

    Attributes:
      norm: "spectral" for spectral norm of the four convolutions, as SAGAN has.
      dtype: of the computation; parameters are float32.
    """

    norm: CriticNorm = "none"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        n, h, w, c = x.shape
        pool = lambda y: nn.max_pool(y, (2, 2), strides=(2, 2))
        rows = lambda y: y.reshape(n, -1, y.shape[-1])
        query = self._convolve(x, max(c // 8, 1), train)
        key = pool(self._convolve(x, max(c // 8, 1), train))
        value = pool(self._convolve(x, max(c // 2, 1), train))
        scores = jnp.einsum("nqc,nkc->nqk", rows(query), rows(key))
        found = jnp.einsum("nqk,nkc->nqc", jax.nn.softmax(scores), rows(value))
        found = self._convolve(found.reshape(n, h, w, -1), c, train)
        gamma = self.param("gamma", nn.initializers.zeros, ())
        return x + gamma.astype(x.dtype) * found

    def _convolve(self, x: Array, features: int, train: bool) -> Array:
        init = nn.initializers.xavier_uniform()
        return run_layer(Conv(features, 1, dtype=self.dtype, kernel_init=init), x, self.norm, train)

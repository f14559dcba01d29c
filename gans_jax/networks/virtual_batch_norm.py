"""Virtual batch norm."""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array, lax

from gans_jax import core
from gans_jax.networks.layers import DType, scale_init


class Reference(nn.Module):
    """Puts the examples of reference in front of the others, `[n, ...] -> [examples + n, ...]`.

    The reference batch of virtual batch norm (`VirtualBatchNorm`) runs through the network beside
    every batch. It is chosen once: the first training pass keeps the first examples of its global
    batch as `reference` among the statistics, real examples in a discriminator and noise in a
    generator, and later passes leave it alone. Until then it is zeros.

    Attributes:
      examples: how many examples the reference batch has.

    Raises:
      ValueError: if a global batch has fewer examples, or is taken apart into micro-batches.
    """

    examples: int

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        shape = (self.examples, *x.shape[1:])
        kept = self.variable("batch_stats", "reference", jnp.zeros, shape, x.dtype)
        chosen = self.variable("batch_stats", "chosen", jnp.zeros, ())  # 1 as soon as it is
        reference = kept.value
        if train:
            self._check(core.device_count() * x.shape[0])
            first = core.gather(x[: self.examples])[: self.examples]
            reference = jnp.where(chosen.value > 0, reference, lax.stop_gradient(first))
            kept.value, chosen.value = reference, jnp.ones_like(chosen.value)
        return jnp.concatenate((reference.astype(x.dtype), x))

    def _check(self, batch: int) -> None:
        if batch < self.examples:
            raise ValueError(
                f"virtual batch norm keeps {self.examples} examples for reference, but the global "
                f"batch has {batch}: set reference={batch} or less in the network"
            )
        if core.micro_batches.value > 1:
            raise ValueError(
                "virtual batch norm chooses its reference from the whole batch, which "
                "micro-batches take apart: use more devices or a smaller batch instead"
            )


class VirtualBatchNorm(nn.Module):
    """Normalises each example by a reference batch and itself (Salimans et al. 2016, section 3.4).

    `[examples + n, ..., c] -> [examples + n, ..., c]`, of which the first are the reference batch
    (`Reference`). Mean and mean square of a channel are the reference batch's with the weight
    examples / (examples + 1), and the example's own over its places with the weight
    1 / (examples + 1), as in the authors' code; the reference itself has its own statistics alone.
    So an example does not depend on those beside it.

    Attributes:
      examples: in the reference batch.
      dtype: of the computation; parameters are float32.
    """

    examples: int
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, x: Array) -> Array:
        c = x.shape[-1]
        scale = self.param("scale", scale_init, (c,))
        bias = self.param("bias", nn.initializers.zeros, (c,))
        y = core.at_least_float32(x).reshape(x.shape[0], -1, c)
        # From here on the mean of the reference batch is zero.
        y = y - y[: self.examples].mean(axis=(0, 1))
        variance = jnp.square(y[: self.examples]).mean(axis=(0, 1))
        weight = jnp.where(jnp.arange(x.shape[0]) < self.examples, 0, 1 / (self.examples + 1))
        weight = weight.astype(y.dtype)[:, None, None]
        mean = weight * y.mean(axis=1, keepdims=True)
        square = weight * jnp.square(y).mean(axis=1, keepdims=True) + (1 - weight) * variance
        y = (y - mean) * lax.rsqrt(square - jnp.square(mean) + 1e-5)
        return (scale * y + bias).reshape(x.shape).astype(self.dtype)

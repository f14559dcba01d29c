"""The standard deviation of a minibatch as a feature."""

import flax.linen as nn
import jax.numpy as jnp
from jax import Array, lax

from gans_jax import core


class MinibatchStd(nn.Module):
    """Tells a discriminator how much examples differ, `[n, h, w, c] -> [n, h, w, c + 1]`.

    The further channel of Karras et al. 2018 (arXiv:1710.10196, section 3): the standard deviation
    of each feature at each place over a group of examples, averaged over features and places. A
    generator whose examples are alike is found out by it. As in the authors' code, n / g groups of
    g examples have the members i, i + n / g, i + 2n / g, ... of the global batch, and the root is
    taken of the variance plus 1e-8.

    What a discriminator with this layer says of an example depends on its group, so that gradient
    penalties and micro-batches refuse it.

    Attributes:
      group: how many examples a group has; None for all examples of the global batch.

    Raises:
      ValueError: if the groups do not divide the global batch.
    """

    group: int | None = None
    couples_examples = True

    @nn.compact
    def __call__(self, x: Array) -> Array:
        n = x.shape[0]
        everything = core.gather(core.at_least_float32(x))
        total = everything.shape[0]
        group = total if self.group is None else self.group
        if total % group:
            raise ValueError(
                f"groups of {group} do not divide a global batch of {total} examples: "
                "choose a multiple, or give the minibatch standard deviation another group"
            )
        groups = everything.reshape(group, total // group, -1)
        std = jnp.sqrt(jnp.var(groups, axis=0) + 1e-8).mean(axis=-1)
        own = jnp.tile(std, group)
        if core.bound_axis():
            own = lax.dynamic_slice_in_dim(own, lax.axis_index(core.AXIS) * n, n)
        channel = jnp.broadcast_to(own.reshape(n, 1, 1, 1), (*x.shape[:-1], 1))
        return jnp.concatenate((x, channel.astype(x.dtype)), axis=-1)

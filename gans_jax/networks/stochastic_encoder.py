"""Encoders that draw codes, the stochastic q(z|x) of adversarial autoencoders and of ALI.

Every example of the global batch has noise of its own. It is drawn from the key that a method gives
to a network for dropout; without a key there is no noise.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import run_part


class GaussianEncoder(nn.Module):
    """Draws codes from N(mean, std^2), `[n, ...] -> [n, size]`; without a key it returns the mean.

    `encoder` returns the mean beside log std, `[n, 2 size]`. A code is mean + std * noise, so that
    the gradient reaches both. This is the Gaussian posterior of adversarial autoencoders (Makhzani
    et al. 2015, arXiv:1511.05644, section 2.1) and the encoder of ALI (Dumoulin et al. 2017,
    arXiv:1606.00704; `sample_z_hat` in the authors' code).

    Attributes:
      encoder: maps examples `[n, ...]` to means and log stds, `[n, 2 * size]`.

    Raises:
      ValueError: if `encoder` returns an odd number of values.
    """

    encoder: nn.Module

    def __call__(self, x: Array, train: bool = False) -> Array:
        parameters = run_part(self.encoder, x, train)
        if parameters.shape[-1] % 2:
            raise ValueError(
                f"the encoder returns {parameters.shape[-1]} values, but a mean and a log std for "
                "each number of the code are an even number: give it twice the size of the code"
            )
        mean, log_std = jnp.split(parameters, 2, axis=-1)
        if not self.has_rng("dropout"):
            return mean
        return mean + jnp.exp(log_std) * _normal(self.make_rng("dropout"), mean)


class UniversalEncoder(nn.Module):
    """Encodes flattened examples beside normal noise, `[n, ...] -> [n, size]`.

    This is the universal approximator posterior (Makhzani et al. 2015, section 2.1): as the noise
    enters the network, q(z|x) can have any shape. Without a key the noise is 0.

    Attributes:
      encoder: maps `[n, values + noise]` to codes.
      noise: how many numbers of noise an example has; the paper does not say.
    """

    encoder: nn.Module
    noise: int = 10

    def __call__(self, x: Array, train: bool = False) -> Array:
        x = x.reshape(x.shape[0], -1)
        noise = jnp.zeros((x.shape[0], self.noise), x.dtype)
        if self.has_rng("dropout"):
            noise = _normal(self.make_rng("dropout"), noise)
        return run_part(self.encoder, jnp.concatenate((x, noise), axis=1), train)


def _normal(key: Array, like: Array) -> Array:
    keys = core.example_keys(key, like.shape[0])
    draws: Array = jax.vmap(lambda key: jax.random.normal(key, like.shape[1:], like.dtype))(keys)
    return draws

"""Fully connected networks."""

import dataclasses
import math
from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import DType, leaky_relu, run_layer


class MLPGenerator(nn.Module):
    """Maps flattened inputs to arrays of `shape` by ReLU layers, `[n, ...] -> [n, *shape]`.

    The default is WGAN's MLP generator, four layers with 512 hidden units. Goodfellow's for MNIST
    has `features=(1200, 1200)`.

    Attributes:
      shape: of an output.
      features: units of each hidden layer.
      output: "tanh" for outputs in [-1, 1]; "linear" for other data, or for codes, which make it an
        encoder.
      dtype: of the computation; parameters are float32.
    """

    shape: tuple[int, ...] = (28, 28, 1)
    features: tuple[int, ...] = (512, 512, 512)
    output: Literal["tanh", "linear"] = "tanh"
    dtype: DType = "float32"

    @nn.compact
    def __call__(self, z: Array) -> Array:
        x = z.reshape(z.shape[0], -1)
        for width in self.features:
            x = nn.relu(nn.Dense(width, dtype=self.dtype)(x))
        x = nn.Dense(math.prod(self.shape), dtype=self.dtype)(x)
        x = core.at_least_float32(x.reshape(-1, *self.shape))
        return jnp.tanh(x) if self.output == "tanh" else x


class MLPDiscriminator(nn.Module):
    """Maps flattened examples to logits by fully connected layers, `[n, ...] -> [n]`.

    The default is WGAN's, four layers with 512 hidden units. Goodfellow's for MNIST is
    `features=(240, 240), activation="maxout", dropout=0.5`. The last hidden layer is sown as
    `features` for feature matching.

    Attributes:
      features: units of each hidden layer.
      activation: of the hidden layers; "maxout" is the maximum of five linear pieces.
      dropout: the rate after each hidden layer in training.
      dtype: of the computation; parameters are float32.
      norm: "spectral" for spectral norm of all layers.
    """

    features: tuple[int, ...] = (512, 512, 512)
    activation: Literal["relu", "leaky_relu", "maxout"] = "relu"
    dropout: float = 0.0
    dtype: DType = "float32"
    norm: Literal["none", "spectral"] = dataclasses.field(default="none", metadata={"later": True})

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        x = x.reshape(x.shape[0], -1)
        for width in self.features:
            x = self._hidden(x, width, train)
            x = nn.Dropout(self.dropout, deterministic=not train)(x)
        self.sow("intermediates", "features", x)
        return self._dense(x, 1, train)[:, 0]

    def _hidden(self, x: Array, width: int, train: bool) -> Array:
        if self.activation == "maxout":
            pieces = self._dense(x, 5 * width, train)
            return pieces.reshape(*x.shape[:-1], width, 5).max(axis=-1)
        x = self._dense(x, width, train)
        return nn.relu(x) if self.activation == "relu" else leaky_relu(x)

    def _dense(self, x: Array, units: int, train: bool) -> Array:
        return run_layer(nn.Dense(units, dtype=self.dtype), x, self.norm, train)

"""The networks of DCGAN (Radford et al. 2016, arXiv:1511.06434).

Its five guidelines: strided convolutions instead of pooling, batch norm in both networks, no fully
connected hidden layers, ReLU in the generator and tanh at its end, leaky ReLU in the discriminator.
Batch norm is not for the generator's output and the discriminator's first layer. Options of the
networks go against each guideline but the third.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import flax.linen as nn
import jax.numpy as jnp
from jax import Array

from gans_jax import core
from gans_jax.networks import layers
from gans_jax.networks.layers import DType, Norm
from gans_jax.networks.minibatch_std import MinibatchStd
from gans_jax.networks.self_attention import SelfAttention
from gans_jax.networks.virtual_batch_norm import Reference, VirtualBatchNorm

Lineage = Literal["torch", "paper"]
GeneratorNorm = Literal["batch", "instance", "layer", "virtual", "none"]
DiscriminatorNorm = Literal["batch", "instance", "layer", "spectral", "virtual", "none"]
Activation = Literal["relu", "leaky_relu", "elu", "tanh"]

_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": nn.relu,
    "leaky_relu": layers.leaky_relu,
    "elu": nn.elu,
    "tanh": jnp.tanh,
}


def _later(default: Any) -> Any:
    """Returns a field that the configurations of older runs lack."""
    return dataclasses.field(default=default, metadata={"later": True})


def _stages(size: int) -> tuple[int, int]:
    """Returns the side of the smallest features, 4 to 7, and how often it doubles up to `size`."""
    start, doublings = size, 0
    while start >= 8 and start % 2 == 0:
        start, doublings = start // 2, doublings + 1
    if not (4 <= start <= 7 and doublings):
        raise ValueError(
            f"a DCGAN cannot make images of size {size}: choose a size such as 28, 32, 48, 64, 96 "
            "or 128, which are doublings of a side of 4 to 7"
        )
    return start, doublings


def _check_attention(side: int, start: int, doublings: int) -> None:
    """Raises ValueError unless a hidden layer has features of the side that attention is for."""
    sides = [start * 2**i for i in range(doublings)]
    if side and side not in sides:
        raise ValueError(
            f"no hidden layer has features of side {side} for attention: choose "
            f"{' or '.join(map(str, sides))}, or 0 for no attention"
        )


class DCGANGenerator(nn.Module):
    """Maps noise to images, `[n, size of z] -> [n, size, size, channels]` in [-1, 1].

    Attributes:
      size: the side of the images: 4 to 7, doubled once or more.
      channels: of the images.
      features: channels of the last hidden layer; each layer before it has twice as many.
      norm: the norm of the hidden layers; "virtual" is virtual batch norm.
      lineage: "torch" has 4x4 kernels without biases, and projects the noise by a transposed
        convolution; "paper" has 5x5 kernels and a dense projection, with biases.
      dtype: of the computation; parameters are float32.
      activation: of the hidden layers.
      norm_output: whether the output has a norm, too.
      upsample: "repeat" repeats pixels before convolutions with stride 1, of 3x3 or 5x5.
      attention: the side of the hidden features that `SelfAttention` follows; 0 for no attention.
      reference: how many examples virtual batch norm keeps.
    """

    size: int = 64
    channels: int = 3
    features: int = 64
    norm: GeneratorNorm = "batch"
    lineage: Lineage = "torch"
    dtype: DType = "float32"
    activation: Activation = _later("relu")
    norm_output: bool = _later(False)
    upsample: Literal["transpose", "repeat"] = _later("transpose")
    attention: int = _later(0)
    reference: int = _later(64)

    @nn.compact
    def __call__(self, z: Array, train: bool = False) -> Array:
        start, doublings = _stages(self.size)
        _check_attention(self.attention, start, doublings)
        # A norm after the layer would remove its bias.
        use_bias = self.lineage == "paper" or self.norm == "none"
        width = self.features * 2 ** (doublings - 1)
        x = Reference(self.reference)(z, train) if self.norm == "virtual" else z
        x = self._hidden(self._project(x, start, width, use_bias), train)
        for _ in range(doublings - 1):
            width //= 2
            x = self._hidden(self._double(x, width, use_bias), train)
        x = self._double(x, self.channels, use_bias)
        if self.norm_output:
            x = _normalize(self, x, train)
        return jnp.tanh(core.at_least_float32(_drop_reference(self, x)))

    def _hidden(self, x: Array, train: bool) -> Array:
        x = _ACTIVATIONS[self.activation](_normalize(self, x, train))
        return SelfAttention(dtype=self.dtype)(x) if x.shape[1] == self.attention else x

    def _project(self, z: Array, start: int, width: int, use_bias: bool) -> Array:
        if self.lineage == "paper":
            init = nn.initializers.normal(0.02)
            x = nn.Dense(start * start * width, dtype=self.dtype, kernel_init=init)(z)
            return x.reshape(-1, start, start, width)
        z = z[:, None, None, :]
        return layers.ConvTranspose(width, kernel=start, use_bias=use_bias, dtype=self.dtype)(z)

    def _double(self, x: Array, width: int, use_bias: bool) -> Array:
        if self.upsample == "repeat":
            kernel, padding = _same_size(self.lineage)
            convolution = layers.Conv(width, kernel, 1, padding, use_bias, self.dtype)
            return convolution(layers.double(x))
        kernel, padding, extra = (5, 2, 1) if self.lineage == "paper" else (4, 1, 0)
        return layers.ConvTranspose(
            width, kernel, 2, padding, use_bias, self.dtype, output_padding=extra
        )(x)


class DCGANDiscriminator(nn.Module):
    """Maps images to logits, `[n, size, size, channels] -> [n]`, for every size a DCGAN can make.

    The last hidden layer is sown as `features` for feature matching.

    Attributes:
      features: channels of the first layer, which has no norm; each layer after it has twice as
        many.
      norm: the norm of the other hidden layers; "virtual" is virtual batch norm. "spectral" is
        spectral norm of all layers, which then have biases.
      lineage: "torch" has 4x4 kernels without biases, "paper" 5x5 kernels with biases.
      dtype: of the computation; parameters are float32.
      activation: of the hidden layers.
      norm_input: whether the first layer has a norm, too.
      downsample: "max_pool" pools after convolutions with stride 1, of 3x3 or 5x5.
      attention: the side of the hidden features that `SelfAttention` follows; 0 for no attention.
      minibatch_std: whether the last layer also sees how much the examples differ (`MinibatchStd`).
      reference: how many examples virtual batch norm keeps.
    """

    features: int = 64
    norm: DiscriminatorNorm = "batch"
    lineage: Lineage = "torch"
    dtype: DType = "float32"
    activation: Activation = _later("leaky_relu")
    norm_input: bool = _later(False)
    downsample: Literal["stride", "max_pool"] = _later("stride")
    attention: int = _later(0)
    minibatch_std: bool = _later(False)
    reference: int = _later(64)

    @property
    def couples_examples(self) -> bool:
        """Whether a logit depends on the other examples of the batch, by more than batch norm."""
        return self.minibatch_std

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        return _code(self, x, 1, train)[:, 0]


class DCGANEncoder(nn.Module):
    """Maps images to codes, `[n, size, size, channels] -> [n, code]`, for MMD-GAN's auto-encoder.

    It is a `DCGANDiscriminator` that ends in `code` units instead of one. The decoder of MMD-GAN's
    auto-encoder is a `DCGANGenerator`.

    Attributes:
      code: how many numbers the code has.
      features: channels of the first hidden layer.
      norm: the norm of the hidden layers.
      lineage: "torch" or "paper", as in `DCGANDiscriminator`.
      dtype: of the computation; parameters are float32.
    """

    code: int = 100
    features: int = 64
    norm: Norm = "batch"
    lineage: Lineage = "torch"
    dtype: DType = "float32"
    # What is an option of the discriminator is fixed here, and so no field.
    activation, downsample = "leaky_relu", "stride"
    norm_input = minibatch_std = False
    attention = reference = 0

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        return core.at_least_float32(_code(self, x, self.code, train))


def _code(network: DCGANDiscriminator | DCGANEncoder, x: Array, units: int, train: bool) -> Array:
    """Applies the convolutions of a network, down to one pixel of `units` channels.

    The last convolution covers the features of the smallest side, 4 to 7.
    """
    start, doublings = _stages(x.shape[1])
    _check_attention(network.attention, start, doublings)
    norm, dtype, pool = network.norm, network.dtype, network.downsample == "max_pool"
    use_bias = network.lineage == "paper" or norm in ("none", "spectral")
    kernel, padding = (5, 2) if network.lineage == "paper" else (4, 1)
    if pool:
        kernel, padding = _same_size(network.lineage)
    if norm == "virtual":
        x = Reference(network.reference)(x, train)
    for layer in range(doublings):
        width, stride = network.features * 2**layer, 1 if pool else 2
        convolution = layers.Conv(width, kernel, stride, padding, use_bias, dtype)
        x = layers.run_layer(convolution, x, norm, train)
        if pool:
            x = nn.max_pool(x, (2, 2), strides=(2, 2))
        if layer or network.norm_input:
            x = _normalize(network, x, train)
        x = _ACTIVATIONS[network.activation](x)
        if x.shape[1] == network.attention:
            x = SelfAttention("spectral" if norm == "spectral" else "none", dtype)(x, train)
    x = _drop_reference(network, x)
    network.sow("intermediates", "features", x)
    if network.minibatch_std:
        x = MinibatchStd()(x)
    last = layers.Conv(units, x.shape[1], use_bias=use_bias, dtype=dtype)
    return layers.run_layer(last, x, norm, train)[:, 0, 0]


def _same_size(lineage: Lineage) -> tuple[int, int]:
    """Returns kernel and padding of convolutions that keep the size."""
    return (5, 2) if lineage == "paper" else (3, 1)


_Network = DCGANGenerator | DCGANDiscriminator | DCGANEncoder


def _normalize(network: _Network, x: Array, train: bool) -> Array:
    """Applies the network's norm, as a layer of the compact method that calls."""
    if network.norm == "virtual":
        return VirtualBatchNorm(network.reference, network.dtype)(x)
    return layers.normalize(x, network.norm, train, network.dtype)


def _drop_reference(network: _Network, x: Array) -> Array:
    return x[network.reference :] if network.norm == "virtual" else x

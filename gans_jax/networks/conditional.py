"""Networks that take labels, made of networks that do not."""

import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import optax
from jax import Array

from gans_jax import core
from gans_jax.networks.layers import run_part


class LabelInput(nn.Module):
    """Any network that sees an embedding of the label beside its input (Mirza & Osindero 2014).

    Beside rows `[n, d]`, such as noise, the embedding is `[n, size]`; beside images it is one more
    channel, with a number of its own for each pixel. It serves as generator and as discriminator.

    Attributes:
      network: the network that gets both.
      classes: how many classes there are.
      size: of the embedding beside rows.
    """

    network: nn.Module
    classes: int
    size: int = 32

    @nn.compact
    def __call__(self, x: Array, label: Array, train: bool = False) -> Array:
        shape = (self.size,) if x.ndim == 2 else (*x.shape[1:-1], 1)
        init = nn.initializers.normal(1.0)  # as large as noise
        code = nn.Embed(self.classes, math.prod(shape), embedding_init=init)(label)
        code = code.reshape(-1, *shape).astype(x.dtype)
        return run_part(self.network, jnp.concatenate((x, code), axis=-1), train)


class ConditionalBatchNorm(nn.Module):
    """Any network in which each batch norm has a scale and an offset for each class.

    A batch norm's output h becomes (1 + scale[label]) h + offset[label], channel by channel. So
    labels change what is common to all classes, from changes of 0 on (de Vries et al. 2017,
    arXiv:1707.00683). A scale and an offset for each class, after instance norm, are by Dumoulin et
    al. (2017, arXiv:1610.07629, equation 5). The statistics are of the whole batch.

    Attributes:
      network: a network with layers of `flax.linen.BatchNorm`, such as a `DCGANGenerator`.
      classes: how many classes there are.

    Raises:
      ValueError: if the network has no batch norm.
    """

    network: nn.Module
    classes: int

    @nn.compact
    def __call__(self, x: Array, label: Array, train: bool = False) -> Array:
        found = 0

        def change(
            next_call: Callable[..., Any],
            args: tuple[Any, ...],
            kwargs: dict[str, Any],
            context: nn.module.InterceptorContext,
        ) -> Any:
            nonlocal found
            h = next_call(*args, **kwargs)
            if not isinstance(context.module, nn.BatchNorm) or context.method_name != "__call__":
                return h
            scale, offset = (
                self._of(label, f"scale_{found}", h),
                self._of(label, f"offset_{found}", h),
            )
            found += 1
            return (1 + scale) * h + offset

        with nn.intercept_methods(change):
            y = run_part(self.network, x, train)
        if not found:
            raise ValueError(
                f"{type(self.network).__name__} has no batch norm that could depend on the label: "
                "give it batch norm, or show it the label by LabelInput"
            )
        return y

    def _of(self, label: Array, name: str, h: Array) -> Array:
        """Returns a number for each class and channel of h, in the shape that h broadcasts with."""
        channels, zeros = h.shape[-1], nn.initializers.zeros
        # Inside of the other network this one would else be a part of it.
        embed = nn.Embed(self.classes, channels, embedding_init=zeros, name=name, parent=self)
        return embed(label).reshape(-1, *[1] * (h.ndim - 2), channels).astype(h.dtype)


class ProjectionDiscriminator(nn.Module):
    """Maps images and labels to logits `psi(phi(x)) + <v[label], phi(x)>`, `[n, ...] -> [n]`.

    It is the projection discriminator (Miyato & Koyama 2018, arXiv:1802.05637, equation 4); psi is
    one linear layer, as there.

    Attributes:
      encoder: the network phi, which maps images to codes `[n, d]`, such as a `DCGANEncoder`.
      classes: how many classes there are.
    """

    encoder: nn.Module
    classes: int

    @nn.compact
    def __call__(self, x: Array, label: Array, train: bool = False) -> Array:
        code = core.at_least_float32(run_part(self.encoder, x, train))
        projected = jnp.sum(nn.Embed(self.classes, code.shape[-1])(label) * code, axis=-1)
        return nn.Dense(1)(code)[:, 0] + projected


class AuxiliaryClassifier(nn.Module):
    """Maps images to logits and to the cross entropies of their labels, `[n]` both.

    It is the discriminator of AC-GAN (Odena et al. 2017, arXiv:1610.09585, section 3), which reads
    the class from the image instead of being told. The methods add the mean cross entropy to the
    losses of both players: of real and of generated examples to the discriminator's (equation 3),
    of generated ones to the generator's.

    Attributes:
      encoder: the network that maps images to codes `[n, d]`, such as a `DCGANEncoder`.
      classes: how many classes there are.
    """

    encoder: nn.Module
    classes: int

    @nn.compact
    def __call__(self, x: Array, label: Array, train: bool = False) -> core.Classified:
        code = core.at_least_float32(run_part(self.encoder, x, train))
        classified = nn.Dense(self.classes)(code)
        entropy = optax.softmax_cross_entropy_with_integer_labels(classified, label)
        return core.Classified(nn.Dense(1)(code)[:, 0], entropy)

"""The attention network of Attention-GAN (Chen et al. 2018, ECCV)."""

import flax.linen as nn
from jax import Array

from gans_jax.networks.resnet_generator import ResNetGenerator


class AttentionNetwork(ResNetGenerator):
    """Maps images to attention, how much of each pixel to change.

    Its shape is `[n, h, w, any] -> [n, h, w, 1]` in [0, 1]. It is a `ResNetGenerator` with 6 blocks
    and one sigmoid channel. The authors' code ends in the magnitude of a tanh instead, where two
    signs mean the same attention.
    """

    channels: int = 1
    blocks: int = 6

    def _output(self, x: Array) -> Array:
        return nn.sigmoid(x)

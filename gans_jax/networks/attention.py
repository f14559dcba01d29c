"""The attention network of Attention-GAN (Chen et al. 2018, ECCV)."""

import flax.linen as nn
from jax import Array

from gans_jax.networks.resnet_generator import ResNetGenerator


class AttentionNetwork(ResNetGenerator):
    """Images to how much of each pixel is to change, `[n, h, w, any] -> [n, h, w, 1]` in [0, 1].

    A `ResNetGenerator` with 6 blocks and one sigmoid channel; the authors' code ends in the
    magnitude of a tanh instead, which has two signs for the same attention.
    """

    channels: int = 1
    blocks: int = 6

    def _output(self, x: Array) -> Array:
        return nn.sigmoid(x)

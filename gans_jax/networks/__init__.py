"""Linen modules: generators return arrays in [-1, 1], discriminators and critics return logits."""

from gans_jax.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gans_jax.networks.layered import LayeredTranslator
from gans_jax.networks.mlp import MLPDiscriminator, MLPGenerator
from gans_jax.networks.resnet import ResidualCritic32, ResidualGenerator32

__all__ = [
    "DCGANDiscriminator",
    "DCGANGenerator",
    "LayeredTranslator",
    "MLPDiscriminator",
    "MLPGenerator",
    "ResidualCritic32",
    "ResidualGenerator32",
]

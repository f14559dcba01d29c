"""Linen modules: generators return arrays in [-1, 1], discriminators and critics return logits."""

from gans_jax.networks.attention import AttentionNetwork
from gans_jax.networks.began import BEGANDiscriminator, BEGANEncoder, BEGANGenerator
from gans_jax.networks.dcgan import DCGANDiscriminator, DCGANEncoder, DCGANGenerator
from gans_jax.networks.encoder_decoder import EncoderDecoder
from gans_jax.networks.fourier import FourierFeatures
from gans_jax.networks.layered import LayeredTranslator
from gans_jax.networks.mlp import MLPDiscriminator, MLPGenerator
from gans_jax.networks.patchgan import PatchGANDiscriminator, PixelGANDiscriminator
from gans_jax.networks.resnet import ResidualCritic32, ResidualGenerator32
from gans_jax.networks.resnet_generator import ResNetGenerator
from gans_jax.networks.two_generators import SharedEncoderTranslator, TwoGenerators
from gans_jax.networks.unet import UNetGenerator

__all__ = [
    "AttentionNetwork",
    "BEGANDiscriminator",
    "BEGANEncoder",
    "BEGANGenerator",
    "DCGANDiscriminator",
    "DCGANEncoder",
    "DCGANGenerator",
    "EncoderDecoder",
    "FourierFeatures",
    "LayeredTranslator",
    "MLPDiscriminator",
    "MLPGenerator",
    "PatchGANDiscriminator",
    "PixelGANDiscriminator",
    "ResNetGenerator",
    "ResidualCritic32",
    "ResidualGenerator32",
    "SharedEncoderTranslator",
    "TwoGenerators",
    "UNetGenerator",
]

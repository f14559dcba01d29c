"""Linen modules: generators return arrays in [-1, 1], discriminators and critics return logits."""

from gans_jax.networks.attention import AttentionNetwork as AttentionNetwork
from gans_jax.networks.began import BEGANDiscriminator as BEGANDiscriminator
from gans_jax.networks.began import BEGANEncoder as BEGANEncoder
from gans_jax.networks.began import BEGANGenerator as BEGANGenerator
from gans_jax.networks.dcgan import DCGANDiscriminator as DCGANDiscriminator
from gans_jax.networks.dcgan import DCGANEncoder as DCGANEncoder
from gans_jax.networks.dcgan import DCGANGenerator as DCGANGenerator
from gans_jax.networks.encoder_decoder import EncoderDecoder as EncoderDecoder
from gans_jax.networks.fourier import FourierFeatures as FourierFeatures
from gans_jax.networks.layered import LayeredTranslator as LayeredTranslator
from gans_jax.networks.mlp import MLPDiscriminator as MLPDiscriminator
from gans_jax.networks.mlp import MLPGenerator as MLPGenerator
from gans_jax.networks.patchgan import PatchGANDiscriminator as PatchGANDiscriminator
from gans_jax.networks.patchgan import PixelGANDiscriminator as PixelGANDiscriminator
from gans_jax.networks.resnet import ResidualCritic32 as ResidualCritic32
from gans_jax.networks.resnet import ResidualGenerator32 as ResidualGenerator32
from gans_jax.networks.resnet_generator import ResNetGenerator as ResNetGenerator
from gans_jax.networks.two_generators import SharedEncoderTranslator as SharedEncoderTranslator
from gans_jax.networks.two_generators import TwoGenerators as TwoGenerators
from gans_jax.networks.unet import UNetGenerator as UNetGenerator

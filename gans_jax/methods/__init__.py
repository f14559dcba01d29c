"""One file per paper."""

from gans_jax.methods.attention_gan import AttentionGAN
from gans_jax.methods.cyclegan import CycleGAN
from gans_jax.methods.gan import GAN, GANState
from gans_jax.methods.pix2pix import Pix2Pix, Pix2PixState
from gans_jax.methods.two_domains import TwoDomainsState
from gans_jax.methods.wgan import WGAN, WGANState
from gans_jax.methods.wgan_gp import WGANGP, WGANGPState

__all__ = [
    "GAN",
    "WGAN",
    "WGANGP",
    "AttentionGAN",
    "CycleGAN",
    "GANState",
    "Pix2Pix",
    "Pix2PixState",
    "TwoDomainsState",
    "WGANGPState",
    "WGANState",
]

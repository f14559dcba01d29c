"""One file per paper."""

from gans_jax.methods.adversarial_autoencoder import AAEState, AdversarialAutoencoder
from gans_jax.methods.attention_gan import AttentionGAN
from gans_jax.methods.began import BEGAN, BEGANState
from gans_jax.methods.bigan import BiGAN, BiGANState
from gans_jax.methods.cogan import CoGAN
from gans_jax.methods.coulomb_gan import CoulombGAN
from gans_jax.methods.cyclegan import CycleGAN
from gans_jax.methods.distance_gan import DistanceGAN, Scale
from gans_jax.methods.gan import GAN
from gans_jax.methods.mmd_gan import MMDGAN
from gans_jax.methods.pix2pix import Pix2Pix
from gans_jax.methods.simgan import SimGAN, SimGANState
from gans_jax.methods.smooth_gan import SmoothGAN
from gans_jax.methods.states import GANState, WGANState
from gans_jax.methods.two_domains import TwoDomainsState
from gans_jax.methods.wgan import WGAN
from gans_jax.methods.wgan_gp import WGANGP

__all__ = [
    "BEGAN",
    "GAN",
    "MMDGAN",
    "WGAN",
    "WGANGP",
    "AAEState",
    "AdversarialAutoencoder",
    "AttentionGAN",
    "BEGANState",
    "BiGAN",
    "BiGANState",
    "CoGAN",
    "CoulombGAN",
    "CycleGAN",
    "DistanceGAN",
    "GANState",
    "Pix2Pix",
    "Scale",
    "SimGAN",
    "SimGANState",
    "SmoothGAN",
    "TwoDomainsState",
    "WGANState",
]

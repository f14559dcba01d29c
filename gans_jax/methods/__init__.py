"""One file per paper."""

from gans_jax.methods.gan import GAN, GANState
from gans_jax.methods.wgan import WGAN, WGANState
from gans_jax.methods.wgan_gp import WGANGP, WGANGPState

__all__ = ["GAN", "WGAN", "WGANGP", "GANState", "WGANGPState", "WGANState"]

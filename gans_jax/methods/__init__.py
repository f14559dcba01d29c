"""One file per paper."""

from gans_jax.methods.adversarial_autoencoder import AAEState as AAEState
from gans_jax.methods.adversarial_autoencoder import (
    AdversarialAutoencoder as AdversarialAutoencoder,
)
from gans_jax.methods.attention_gan import AttentionGAN as AttentionGAN
from gans_jax.methods.began import BEGAN as BEGAN
from gans_jax.methods.began import BEGANState as BEGANState
from gans_jax.methods.bigan import BiGAN as BiGAN
from gans_jax.methods.bigan import BiGANState as BiGANState
from gans_jax.methods.cogan import CoGAN as CoGAN
from gans_jax.methods.coulomb_gan import CoulombGAN as CoulombGAN
from gans_jax.methods.cyclegan import CycleGAN as CycleGAN
from gans_jax.methods.distance_gan import DistanceGAN as DistanceGAN
from gans_jax.methods.distance_gan import Scale as Scale
from gans_jax.methods.feature_matching import FeatureMatching as FeatureMatching
from gans_jax.methods.gan import GAN as GAN
from gans_jax.methods.mmd_gan import MMDGAN as MMDGAN
from gans_jax.methods.pix2pix import Pix2Pix as Pix2Pix
from gans_jax.methods.simgan import SimGAN as SimGAN
from gans_jax.methods.simgan import SimGANState as SimGANState
from gans_jax.methods.simgan_pretraining import PretrainedSimGAN as PretrainedSimGAN
from gans_jax.methods.smooth_gan import SmoothGAN as SmoothGAN
from gans_jax.methods.states import GANState as GANState
from gans_jax.methods.states import WGANState as WGANState
from gans_jax.methods.style_transfer import StyleTransfer as StyleTransfer
from gans_jax.methods.style_transfer import StyleTransferState as StyleTransferState
from gans_jax.methods.two_domains import TwoDomainsState as TwoDomainsState
from gans_jax.methods.wgan import WGAN as WGAN
from gans_jax.methods.wgan_gp import WGANGP as WGANGP

"""Generative adversarial networks in JAX: methods as frozen dataclasses of pure functions."""

import importlib
from typing import TYPE_CHECKING, Any

from gans_jax.version import __version__ as __version__

if TYPE_CHECKING:
    from gans_jax import augmentations as augmentations
    from gans_jax import core as core
    from gans_jax import data as data
    from gans_jax import losses as losses
    from gans_jax import metrics as metrics
    from gans_jax import networks as networks
    from gans_jax import ops as ops
    from gans_jax import parallel as parallel
    from gans_jax import penalties as penalties
    from gans_jax import priors as priors
    from gans_jax import schedules as schedules
    from gans_jax import training as training
    from gans_jax import wrappers as wrappers
    from gans_jax.methods import BEGAN as BEGAN
    from gans_jax.methods import GAN as GAN
    from gans_jax.methods import MMDGAN as MMDGAN
    from gans_jax.methods import WGAN as WGAN
    from gans_jax.methods import WGANGP as WGANGP
    from gans_jax.methods import AdversarialAutoencoder as AdversarialAutoencoder
    from gans_jax.methods import AttentionGAN as AttentionGAN
    from gans_jax.methods import BiGAN as BiGAN
    from gans_jax.methods import CoGAN as CoGAN
    from gans_jax.methods import CoulombGAN as CoulombGAN
    from gans_jax.methods import CycleGAN as CycleGAN
    from gans_jax.methods import DistanceGAN as DistanceGAN
    from gans_jax.methods import FeatureMatching as FeatureMatching
    from gans_jax.methods import Pix2Pix as Pix2Pix
    from gans_jax.methods import PretrainedSimGAN as PretrainedSimGAN
    from gans_jax.methods import SimGAN as SimGAN
    from gans_jax.methods import SmoothGAN as SmoothGAN
    from gans_jax.methods import StyleTransfer as StyleTransfer

_MODULES = (
    *("augmentations", "core", "data", "losses", "metrics", "networks", "ops", "parallel"),
    *("penalties", "priors", "schedules", "training", "wrappers"),
)

_METHODS = (
    *("BEGAN", "GAN", "MMDGAN", "WGAN", "WGANGP", "AdversarialAutoencoder", "AttentionGAN"),
    *("BiGAN", "CoGAN", "CoulombGAN", "CycleGAN", "DistanceGAN", "FeatureMatching", "Pix2Pix"),
    *("PretrainedSimGAN", "SimGAN", "SmoothGAN", "StyleTransfer"),
)


def __getattr__(name: str) -> Any:
    # What is named is loaded, so that `gans_jax --help` need not wait for jax, nor those who jit a
    # step in code of their own for checkpoints, logs and pictures.
    if name in _MODULES:
        return importlib.import_module(f"gans_jax.{name}")
    if name in _METHODS:
        return getattr(importlib.import_module("gans_jax.methods"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_METHODS})

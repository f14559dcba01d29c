"""Generative adversarial networks in JAX: methods as frozen dataclasses of pure functions."""

import importlib
from types import ModuleType

from gans_jax import (
    core,
    data,
    losses,
    metrics,
    networks,
    ops,
    parallel,
    penalties,
    priors,
    schedules,
    wrappers,
)
from gans_jax.methods import (
    BEGAN,
    GAN,
    MMDGAN,
    WGAN,
    WGANGP,
    AdversarialAutoencoder,
    AttentionGAN,
    BiGAN,
    CoGAN,
    CoulombGAN,
    CycleGAN,
    DistanceGAN,
    Pix2Pix,
    SimGAN,
    SmoothGAN,
)
from gans_jax.version import __version__

__all__ = [
    "BEGAN",
    "GAN",
    "MMDGAN",
    "WGAN",
    "WGANGP",
    "AdversarialAutoencoder",
    "AttentionGAN",
    "BiGAN",
    "CoGAN",
    "CoulombGAN",
    "CycleGAN",
    "DistanceGAN",
    "Pix2Pix",
    "SimGAN",
    "SmoothGAN",
    "__version__",
    "core",
    "data",
    "losses",
    "metrics",
    "networks",
    "ops",
    "parallel",
    "penalties",
    "priors",
    "schedules",
    "training",
    "wrappers",
]


def __getattr__(name: str) -> ModuleType:
    # Those who jit a step in code of their own need no checkpoints, logs and pictures.
    if name == "training":
        return importlib.import_module("gans_jax.training")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

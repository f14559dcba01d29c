"""Generative adversarial networks in JAX: methods as frozen dataclasses of pure functions."""

import importlib
from types import ModuleType

from gans_jax import (
    core,
    data,
    history,
    kernels,
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

__version__ = "0.1.0"

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
    "core",
    "data",
    "history",
    "kernels",
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

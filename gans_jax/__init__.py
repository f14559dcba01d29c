"""Generative adversarial networks in JAX: methods as frozen dataclasses of pure functions."""

from gans_jax import core, data, losses, metrics, networks, penalties, priors, schedules
from gans_jax.methods import GAN, WGAN, WGANGP

__version__ = "0.1.0"

__all__ = [
    "GAN",
    "WGAN",
    "WGANGP",
    "core",
    "data",
    "losses",
    "metrics",
    "networks",
    "penalties",
    "priors",
    "schedules",
]

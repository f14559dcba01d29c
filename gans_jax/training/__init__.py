"""The optional loop around a method; what a run keeps on disk is in `gans_jax.runs`."""

from gans_jax.runs import CheckpointError, Checkpoints, ConfigError, Experiment, load
from gans_jax.training.loop import resume, train
from gans_jax.training.signals import Interrupted

__all__ = [
    "CheckpointError",
    "Checkpoints",
    "ConfigError",
    "Experiment",
    "Interrupted",
    "load",
    "resume",
    "train",
]

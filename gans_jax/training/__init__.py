"""The optional loop around a method: experiments, run folders, checkpoints, logs and pictures."""

from gans_jax.training.checkpoint import CheckpointError, Checkpoints
from gans_jax.training.config import ConfigError
from gans_jax.training.experiment import Experiment
from gans_jax.training.export import export_sampler
from gans_jax.training.folder import load
from gans_jax.training.loop import Interrupted, resume, train
from gans_jax.training.report import write_report

__all__ = [
    "CheckpointError",
    "Checkpoints",
    "ConfigError",
    "Experiment",
    "Interrupted",
    "export_sampler",
    "load",
    "resume",
    "train",
    "write_report",
]

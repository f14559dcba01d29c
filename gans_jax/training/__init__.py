"""The optional loop around a method: experiments, run folders, checkpoints, logs and pictures."""

from gans_jax.training.checkpoint import CheckpointError, Checkpoints
from gans_jax.training.config import ConfigError
from gans_jax.training.experiment import Experiment
from gans_jax.training.export import export_sampler
from gans_jax.training.folder import load
from gans_jax.training.loop import Interrupted, resume, train
from gans_jax.training.report import write_report
from gans_jax.training.translation import Translated, translate_folder

__all__ = [
    "CheckpointError",
    "Checkpoints",
    "ConfigError",
    "Experiment",
    "Interrupted",
    "Translated",
    "export_sampler",
    "load",
    "resume",
    "train",
    "translate_folder",
    "write_report",
]

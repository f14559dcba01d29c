"""A run on disk: its experiment, configuration, folder, checkpoints and metrics."""

from gans_jax.runs.checkpoint import CheckpointError, Checkpoints
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment
from gans_jax.runs.folder import load

__all__ = ["CheckpointError", "Checkpoints", "ConfigError", "Experiment", "load"]

"""A run on disk: its experiment, configuration, folder, checkpoints and metrics."""

from gans_jax.runs.checkpoint import CheckpointError as CheckpointError
from gans_jax.runs.checkpoint import Checkpoints as Checkpoints
from gans_jax.runs.config import ConfigError as ConfigError
from gans_jax.runs.experiment import Experiment as Experiment
from gans_jax.runs.folder import load as load

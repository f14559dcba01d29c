"""The optional loop around a method; what a run keeps on disk is in `gans_jax.runs`."""

from gans_jax.runs import CheckpointError as CheckpointError
from gans_jax.runs import Checkpoints as Checkpoints
from gans_jax.runs import ConfigError as ConfigError
from gans_jax.runs import Experiment as Experiment
from gans_jax.runs import load as load
from gans_jax.training.callback import Callback as Callback
from gans_jax.training.loop import resume as resume
from gans_jax.training.loop import train as train
from gans_jax.training.signals import Interrupted as Interrupted
from gans_jax.training.weights_and_biases import WeightsAndBiases as WeightsAndBiases

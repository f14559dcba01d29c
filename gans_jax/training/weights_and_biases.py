"""A callback that sends the metrics of a run to Weights & Biases."""

from typing import Any

from gans_jax.core import extras
from gans_jax.runs.config import ConfigError


class WeightsAndBiases:
    """Logs the metrics of a run to a project of Weights & Biases, under the run's iterations.

    Give it to `training.train` as one of the `callbacks`. Without a connection, `mode="offline"`
    or the environment variable WANDB_MODE=offline writes a folder that `wandb sync` sends later.

    Args:
      project: the name of the project.
      options: what else `wandb.init` takes, such as name, mode, dir or config.

    Raises:
      ConfigError: if wandb is not installed, or does not begin a run.
    """

    def __init__(self, project: str, **options: Any) -> None:
        if lack := extras.lack("wandb"):
            raise ConfigError(f"logging to Weights & Biases {lack}")
        import wandb  # takes a second

        try:
            self.run = wandb.init(project=project, **options)
        except wandb.errors.Error as error:
            raise ConfigError(f"Weights & Biases does not begin a run: {error}") from error

    def after(self, done: int, state: Any, metrics: dict[str, float]) -> None:
        """Logs the metrics after `done` iterations."""
        del state
        self.run.log(metrics, step=done)

    def finish(self) -> None:
        """Ends the run at Weights & Biases, once `train` has returned or failed."""
        self.run.finish()

"""The command line, `python -m gans_jax` or `gans_jax`: one module for each group of commands."""

from gans_jax.cli.experiment_file import load_file, override
from gans_jax.cli.main import main

__all__ = ["load_file", "main", "override"]

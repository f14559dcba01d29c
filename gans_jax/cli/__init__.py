"""The command line, `python -m gans_jax` or `gans_jax`: one module for each group of commands."""

from typing import TYPE_CHECKING, Any

from gans_jax.cli.main import main as main

if TYPE_CHECKING:
    from gans_jax.cli.experiment_file import load_file as load_file
    from gans_jax.cli.experiment_file import override as override


def __getattr__(name: str) -> Any:
    # `--help` need not load what reads an experiment.
    if name in ("load_file", "override"):
        from gans_jax.cli import experiment_file

        return getattr(experiment_file, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

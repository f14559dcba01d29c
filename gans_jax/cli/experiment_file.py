"""Experiments from Python files, with fields overridden by arguments."""

import argparse
import dataclasses
import difflib
import functools
import os
import runpy
import traceback
import types
from pathlib import Path
from typing import Any

from gans_jax import core
from gans_jax.runs import ConfigError, Experiment, load


def load_file(file: str) -> tuple[Experiment, list[Any]]:
    """Runs a Python file that assigns an Experiment to `experiment`.

    Returns:
      The experiment, and the classes and functions in it that are not of this package.

    Raises:
      ConfigError: if there is no such file, or no experiment in it, or its values do not fit.
    """
    if not os.path.isfile(file):
        places = (Path(file).parent, Path("experiments"))
        known = {path.stem: str(path) for place in places for path in place.glob("*.py")}
        close = [known[stem] for stem in difflib.get_close_matches(Path(file).stem, known)]
        remedy = "give the path of an experiment, in front of its overrides"
        if close:
            remedy = f"did you mean {' or '.join(close)}?"
        raise ConfigError(f"there is no file {file}: {remedy}")
    name = f"experiment {Path(file).stem}"  # hides no module, as the stem alone could
    try:
        defined = runpy.run_path(file, run_name=name)
    except ValueError as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f", line {frame.lineno}" for frame in frames if frame.filename == file]
        raise ConfigError(f"{file}{''.join(lines[-1:])}: {error}") from error
    if not isinstance(defined.get("experiment"), Experiment):
        raise ConfigError(
            f"{file} has no experiment: assign `experiment = gans_jax.training.Experiment(...)`"
        )
    named = [v for v in defined.values() if isinstance(v, type | types.FunctionType)]
    own = [v for v in named if v.__module__ == name]
    return defined["experiment"], list(dict.fromkeys(own + _foreign(defined["experiment"])))


def _foreign(value: Any) -> list[Any]:
    """Lists the classes and functions of other packages in a configuration."""
    if isinstance(value, functools.partial):
        return _foreign(value.func)
    if isinstance(value, types.FunctionType):
        return [] if value.__module__.split(".")[0] in ("gans_jax", "optax") else [value]
    if not dataclasses.is_dataclass(value):
        return []
    fields = [getattr(value, f.name) for f in dataclasses.fields(value) if f.name != "parent"]
    inner = [found for field in fields for found in _foreign(field)]
    here = type(value).__module__.split(".")[0] == "gans_jax"
    return inner if here else [type(value), *inner]


def override(experiment: Experiment, arguments: list[str], command: str) -> Experiment:
    """Overrides fields of an experiment by command-line arguments such as `--method.clip 1`."""
    import tyro  # takes half a second, which most commands need not spend

    return tyro.cli(
        Experiment,
        prog=f"gans_jax {command}",
        description="Every option overrides a field of the experiment.",
        args=arguments,
        default=experiment,
        config=(tyro.conf.SuppressFixed,),
    )


def load_sampler(options: argparse.Namespace) -> tuple[Experiment, Any]:
    """Loads the experiment and the newest state of a run that generates examples from noise.

    Raises:
      ConfigError: if the run makes images from images.
    """
    experiment, state = load(options.workdir, own_classes(options))
    if not core.is_sampler(experiment.method):
        raise ConfigError(
            f"{options.workdir} is a run of {type(experiment.method).__name__}, which makes images "
            "from images: use `translate`"
        )
    return experiment, state


def own_classes(options: argparse.Namespace) -> list[Any]:
    """Returns the user's own classes in the file of the option `--experiment`."""
    return load_file(options.experiment)[1] if options.experiment else []

"""Experiments from Python files, with fields overridden by arguments."""

import argparse
import dataclasses
import functools
import os
import runpy
import sys
import traceback
import types
from pathlib import Path
from typing import Any

import flax.linen as nn

from gans_jax import core, data
from gans_jax.cli.named_loss import LOSSES, with_named_losses
from gans_jax.cli.paths import installed, no_file, split_name
from gans_jax.runs import ConfigError, Experiment, folder, load

OVERRIDES = (
    "Every option overrides a field of the experiment. Where a method has a `loss`, "
    "`--method.loss NAME` takes another one:"
)


def load_file(file: str | os.PathLike[str]) -> tuple[Experiment, list[Any]]:
    """Runs a Python file and returns an experiment, and the classes and functions it is made of.

    `FILE` stands for the file's `experiment`, `FILE:NAME` for the item NAME of its `experiments`.
    The experiments that are installed with the package have names, such as `wgan_digits`.
    The classes and functions are those that the file defines or imports from the user's packages.

    Raises:
      ConfigError: if there is no such file or experiment, or a value in the file is out of range.
    """
    path, name = split_name(os.fspath(file))
    path = path if os.path.isfile(path) else str(installed(path) or path)
    if not os.path.isfile(path):
        raise ConfigError(no_file(path))
    _make_importable(Path(path).resolve().parent)
    module = f"experiment {Path(path).stem}"  # hides no module, as the stem alone could
    try:
        defined = runpy.run_path(path, run_name=module)
    except SyntaxError as error:
        file = error.filename or path
        where = f"{file}, line {error.lineno}" if error.lineno else file
        raise ConfigError(f"{where}: {error.msg}: give the Python file of an experiment") from error
    except ValueError as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f", line {frame.lineno}" for frame in frames if frame.filename == path]
        # Some Pythons call null bytes a ValueError, others a SyntaxError.
        remedy = "" if lines else ": give the Python file of an experiment"
        raise ConfigError(f"{path}{''.join(lines[-1:])}: {error}{remedy}") from error
    experiment = _choose(path, name, defined)
    named = [v for v in defined.values() if isinstance(v, type | types.FunctionType)]
    own = [v for v in named if v.__module__ == module]
    return experiment, list(dict.fromkeys(own + _foreign(experiment)))


def load_overridden(file: str, overrides: list[str], command: str) -> tuple[Experiment, list[Any]]:
    """Returns `load_file` of a file, with the fields overridden that the command's options name.

    Raises:
      ConfigError: as `load_file`, or if options stand where the file should.
    """
    is_value = not os.path.exists(file) and installed(file) is None
    if is_value and overrides and overrides[-1].startswith("--"):
        given = " ".join([*overrides, file])
        raise ConfigError(f"no experiment is named: type `{command} FILE {given}`")
    experiment, extra = load_file(file)
    return override(experiment, overrides, f"{command} {file}"), extra


def _make_importable(folder: Path) -> None:
    """Lets a file import its neighbours, and, if its folder is in a package, that package."""
    top = folder
    while (top / "__init__.py").is_file():
        top = top.parent
    for path in dict.fromkeys([str(top), str(folder)]):
        if path not in sys.path:
            sys.path.insert(0, path)


def _choose(path: str, name: str, defined: dict[str, Any]) -> Experiment:
    """Returns the experiment of a name among what a file defines, `experiment` if it is empty."""
    several = defined.get("experiments")
    several = several if isinstance(several, dict) else {}
    found = several.get(name) if name else defined.get("experiment")
    if isinstance(found, Experiment):
        return found
    if several:
        choices = ", ".join(f"{path}:{known}" for known in several)
        problem = f"has no experiment {name}" if name else "names its experiments"
        raise ConfigError(f"{path} {problem}: choose one of {choices}")
    raise ConfigError(
        f"{path} has no experiment{name and f' {name}'}: assign "
        f"`experiment = gans_jax.training.Experiment(...)`"
    )


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
    """Overrides fields of an experiment by command-line arguments such as `--method.clip 1`.

    A loss is named: `--method.loss hinge`.
    A network whose `size` is the data's follows it: `--data.size 128` is enough.
    """
    import tyro  # takes half a second, which most commands need not spend

    experiment, arguments = with_named_losses(experiment, arguments)
    changed = tyro.cli(
        Experiment,
        prog=f"gans_jax {command}",
        description=f"{OVERRIDES} {', '.join(LOSSES)}.",
        args=arguments,
        default=experiment,
        config=(tyro.conf.SuppressFixed,),
    )
    old, new = _size(experiment.data), _size(changed.data)
    if old is None or new is None or old == new:
        return changed
    return dataclasses.replace(changed, method=_resized(changed.method, old, new))


def _size(source: Any) -> Any:
    """Returns the side of a source's images, where it has a setting for it."""
    if hasattr(source, "size"):
        return source.size
    return _size(source.source) if hasattr(source, "source") else None


def _resized(value: Any, old: int, new: int) -> Any:
    """Returns a method or a network in which each network of size `old` has the size `new`."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    sizes = ("size",) if isinstance(value, nn.Module) else ()  # a prior's size is of its noise
    changes = {}
    for field in dataclasses.fields(value):
        if field.init and field.name not in ("parent", "name"):
            before = getattr(value, field.name)
            follows = field.name in sizes and before == old
            after = new if follows else _resized(before, old, new)
            if after is not before:
                changes[field.name] = after
    return dataclasses.replace(value, **changes) if changes else value


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
    return with_held_data(experiment, options.experiment), state


def own_classes(options: argparse.Namespace) -> list[Any]:
    """Returns the user's own classes in the file of the option `--experiment`."""
    return load_file(options.experiment)[1] if options.experiment else []


def with_held_data(experiment: Experiment, file: str | None) -> Experiment:
    """Returns the experiment of a run folder with the data of its file, if the folder has none."""
    if file is None or not data.is_absent(experiment.data):
        return experiment
    return dataclasses.replace(experiment, data=load_file(file)[0].data)


def held_data(options: argparse.Namespace) -> Any:
    """Returns the data in the file of `--experiment`, if the run's folder has none of its own."""
    if options.experiment is None:
        return None
    experiment = folder.read_experiment(options.workdir, own_classes(options))
    there = data.is_absent(experiment.data)
    return with_held_data(experiment, options.experiment).data if there else None

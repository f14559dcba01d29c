"""Runs a command: its arguments, and the exit codes of errors and signals."""

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Sequence

import jax

from gans_jax import ops, training
from gans_jax.cli import arguments
from gans_jax.cli.commands import COMMANDS
from gans_jax.core import devices, files, output
from gans_jax.data import DataError
from gans_jax.evaluation import EvaluationError
from gans_jax.runs import CheckpointError, ConfigError
from gans_jax.tools.plan.chips import PlanError
from gans_jax.training import signals
from gans_jax.weights import WeightsError

# These take an address as it is, since they write there.
TRAINING = ("train", "resume", "import")
EXPECTED = (CheckpointError, ConfigError, DataError, EvaluationError, WeightsError)


def run(name: str, words: Sequence[str]) -> int:
    """Runs the command of a name with its arguments, and returns the exit code."""
    # What a user's guard is to find is in the user's own loop: a command may move its numbers.
    with (
        output.unfailing(),
        output.plain_warnings(),
        jax.transfer_guard("allow"),
        signals.remembered(),
    ):
        return _run(name, words)


def _run(name: str, words: Sequence[str]) -> int:
    cache = files.cache_folder()
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ and cache and files.is_writable(cache / "xla"):
        jax.config.update("jax_compilation_cache_dir", str(cache / "xla"))
    ops.keep_freed_memory()
    parser = _parser(name)
    options, overrides = parser.parse_known_args([name, *words])
    if hasattr(options, "help"):
        overrides += ["--help"] if options.help else []
    elif overrides:
        parser.error(f"unrecognized arguments: {' '.join(overrides)}")
    try:
        with contextlib.nullcontext() if name in TRAINING else arguments.brought(options):
            options.run(options, overrides)
    except PlanError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        named = error.filename is not None and error.strerror is not None
        return _failed(error, f"{error.filename}: {error.strerror}" if named else str(error))
    except (*EXPECTED, FloatingPointError) as error:
        return _failed(error, str(error))
    except (RuntimeError, AssertionError) as error:
        if (reason := devices.missing_backend()) is None:
            raise
        return _failed(error, reason)
    except training.Interrupted as stop:
        print("; ".join([str(stop), *_notes(stop)]), file=sys.stderr)
        return 128 + stop.number
    except KeyboardInterrupt:
        return 130
    return 0


def _failed(error: Exception, words: str) -> int:
    """Prints an error and what became of the run, and returns the exit code."""
    if isinstance(error.__cause__, RuntimeError | AssertionError):
        words = devices.missing_backend() or words
    print("error:", "; ".join([words, *_notes(error)]), file=sys.stderr)
    return 1


def _notes(error: BaseException) -> list[str]:
    # jax adds a note of several lines, about frames of the traceback that it has left out.
    return [note for note in getattr(error, "__notes__", ()) if "\n" not in note]


def _parser(name: str) -> argparse.ArgumentParser:
    """Returns a parser of the commands in the module of one command."""
    parser = argparse.ArgumentParser("gans_jax", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    importlib.import_module(f"gans_jax.cli.{COMMANDS[name].module}").add(commands)
    return parser

"""The parser of all commands, and what their errors and signals end with."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import jax

from gans_jax import ops, training
from gans_jax.cli import (
    arithmetic,
    deduplicate,
    evaluate,
    export,
    import_,
    plan,
    report,
    sample,
    study,
    train,
    translate,
)
from gans_jax.data import DataError
from gans_jax.evaluation import EvaluationError
from gans_jax.runs import ConfigError
from gans_jax.tools.plan import PlanError
from gans_jax.weights import WeightsError

EXPECTED = (
    *(ConfigError, DataError, EvaluationError, WeightsError, training.CheckpointError),
    *(FloatingPointError, OSError),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code: 1 after an error that its message explains."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        cache = Path("~/.cache/gans_jax/xla").expanduser()
        jax.config.update("jax_compilation_cache_dir", str(cache))
    ops.keep_freed_memory()
    parser = _parser()
    options, overrides = parser.parse_known_args(argv)
    if hasattr(options, "help"):
        overrides += ["--help"] if options.help else []
    elif overrides:
        parser.error(f"unrecognized arguments: {' '.join(overrides)}")
    try:
        options.run(options, overrides)
    except PlanError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except EXPECTED as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except training.Interrupted as stop:
        print(stop, file=sys.stderr)
        return 128 + stop.number
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "gans_jax",
        description="Trains generative adversarial networks, and uses the trained ones.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    using = sample, arithmetic, translate, evaluate, study, report, export, import_, deduplicate
    for module in (train, plan, *using):
        module.add(commands)
    return parser

"""Metrics of a run or of folders of images, each number with its provenance."""

from gans_jax.evaluation.catalogue import METRICS, check_name
from gans_jax.evaluation.errors import EvaluationError
from gans_jax.evaluation.evaluator import Evaluator, noted
from gans_jax.evaluation.monitor import MONITORED, Monitor
from gans_jax.evaluation.of_folders import evaluate_folders
from gans_jax.evaluation.of_run import evaluate_run
from gans_jax.evaluation.result import Result, add_to, as_text, read
from gans_jax.evaluation.sets import Examples, generated, held_out, of_folder, of_source

__all__ = [
    "METRICS",
    "MONITORED",
    "EvaluationError",
    "Evaluator",
    "Examples",
    "Monitor",
    "Result",
    "add_to",
    "as_text",
    "check_name",
    "evaluate_folders",
    "evaluate_run",
    "generated",
    "held_out",
    "noted",
    "of_folder",
    "of_source",
    "read",
]

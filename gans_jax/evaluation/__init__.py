"""Metrics of a run or of folders of images, each number with its provenance."""

from gans_jax.evaluation.catalogue import METRICS
from gans_jax.evaluation.errors import EvaluationError
from gans_jax.evaluation.evaluate import evaluate_folders, evaluate_run
from gans_jax.evaluation.evaluator import Evaluator
from gans_jax.evaluation.monitor import MONITORED, Monitor
from gans_jax.evaluation.result import Result

__all__ = [
    "METRICS",
    "MONITORED",
    "EvaluationError",
    "Evaluator",
    "Monitor",
    "Result",
    "evaluate_folders",
    "evaluate_run",
]

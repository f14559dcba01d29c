"""What a user's own code may do while a run trains."""

from typing import Any, Protocol


class Callback(Protocol):
    """Is told of a run's progress, such as a logger of metrics to a service."""

    def after(self, done: int, state: Any, metrics: dict[str, float]) -> None:
        """Is called after each iteration whose metrics are logged.

        Args:
          done: the number of iterations so far.
          state: the state of the experiment's method. Its arrays are taken by the next iteration:
            copy what is to be kept.
          metrics: the numbers of the line of `metrics.jsonl`, and of the evaluation if one was due.
        """

"""The numbers that a user may choose of metrics."""

from typing import NamedTuple


class Settings(NamedTuple):
    """What a user may choose of metrics.

    Attributes:
      splits: how many parts the samples of an Inception score are divided into.
      k: the neighbour whose distance is the radius in precision, recall, density and coverage.
    """

    splits: int = 10
    k: int = 5


DEFAULTS = Settings()

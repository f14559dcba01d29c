"""Measures how fast this machine reads the data of an experiment, and what a slice then needs."""

import dataclasses
import math
import time

from gans_jax import data
from gans_jax.data.source import Drawn
from gans_jax.runs import Experiment
from gans_jax.tools.plan.cost import Plan, SetPlace
from gans_jax.training.placement import SHARE


@dataclasses.dataclass(frozen=True)
class SourceRate:
    """What was measured of a source.

    Attributes:
      images_per_second: examples in a second of a core's time, in which the core reads, decodes and
        stacks them. Time in which it waits for a disk or a server does not count.
      set_bytes: the memory of all examples, if all are as large as the first.
      drawn: whether the examples are drawn anew each time, so that no device can keep them.
    """

    images_per_second: float
    set_bytes: int
    drawn: bool = False

    def added_to(self, plan: Plan) -> Plan:
        """Returns the plan with the cores that each host needs, and where all examples fit."""
        cores = math.ceil(plan.images_per_second_per_host / self.images_per_second)
        return dataclasses.replace(
            plan,
            images_per_second_per_core=self.images_per_second,
            cores_per_host=cores,
            set_bytes=self.set_bytes,
            set_on_device=self._place(plan),
        )

    def _place(self, plan: Plan) -> SetPlace:
        if self.drawn:
            return "drawn on the hosts"
        free = SHARE * (plan.hbm_bytes_per_chip - plan.peak_bytes_per_chip)
        if self.set_bytes <= free:
            return "whole"
        return "sharded" if self.set_bytes <= free * plan.chips else "too large"


def measure(experiment: Experiment, seconds: float) -> SourceRate:
    """Reads minibatches of an experiment one after another, for so many seconds or one minibatch.

    The first minibatch is not timed, since a source may list its files for it. The processor time
    is the process's own, so that other programs on the machine change it little.

    Raises:
      DataError: if the data are missing, unfit, or fewer than a minibatch.
    """
    source, size = experiment.data, experiment.batch_size
    minibatches = data.stream(source, size, experiment.seed)
    minibatches[0]
    set_bytes = len(source) * sum(value.nbytes for value in source[0].values())
    count, end, began = 0, time.monotonic() + seconds, time.process_time()
    while not count or time.monotonic() < end:
        count += 1
        minibatches[count]
    # A clock that stands still is no division by zero.
    used = max(time.process_time() - began, 1e-9)
    return SourceRate(size * count / used, set_bytes, isinstance(source, Drawn))

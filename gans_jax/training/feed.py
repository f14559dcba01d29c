"""The batches of a run, from its source to the devices."""

import dataclasses
import functools
from collections.abc import Iterator

import jax
import numpy as np

from gans_jax import core, data
from gans_jax.runs.experiment import Experiment
from gans_jax.training.layout import Layout


@dataclasses.dataclass(frozen=True)
class Feed:
    """The batches of a run's dispatches, with their examples along `batch_axis`.

    `shard` is the (index, count) of this process.
    """

    experiment: Experiment
    layout: Layout
    batch_axis: int
    shard: tuple[int, int]

    @functools.cached_property
    def streams(self) -> list[data.Stream]:
        """The stream of each seed."""
        run, seeds = self.experiment, self.layout.seeds
        return [data.stream(run.data, run.batch_size, s, run.method, self.shard) for s in seeds]

    @functools.cached_property
    def batch_shapes(self) -> dict[str, jax.ShapeDtypeStruct]:
        """The shapes and types of the batch of iteration 0, of all processes together."""
        axis, size = self.experiment.method.batch_axis, self.experiment.batch_size
        first = self.streams[0][0]
        whole = {n: (*v.shape[:axis], size, *v.shape[axis + 1 :]) for n, v in first.items()}
        return {n: jax.ShapeDtypeStruct(whole[n], v.dtype) for n, v in first.items()}

    def batches(self, start: int) -> Iterator[core.Batch]:
        """Yields the batch of each dispatch from iteration `start` on, where the step runs."""
        stop, repeat = self.experiment.iterations, self.experiment.repeat
        own = [_stacked(stream.prefetch(start, stop), repeat) for stream in self.streams]
        return _one_ahead(self.layout.put(g, self.batch_axis) for g in zip(*own, strict=True))


def _stacked(batches: Iterator[dict[str, np.ndarray]], k: int) -> Iterator[dict[str, np.ndarray]]:
    """Stacks k batches at a time along a new leading axis, where k is above 1."""
    if k == 1:
        return batches
    groups = zip(*[batches] * k, strict=True)
    return (jax.tree.map(lambda *leaves: np.stack(leaves), *group) for group in groups)


def _one_ahead(batches: Iterator[core.Batch]) -> Iterator[core.Batch]:
    """Yields each batch once the next one is on its way; an error comes after those before it."""
    ahead, error = next(batches, None), None
    while ahead is not None:
        try:
            following = next(batches, None)
        except Exception as caught:
            following, error = None, caught
        yield ahead
        ahead = following
    if error is not None:
        raise error

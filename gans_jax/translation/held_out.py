"""Examples of a run's data that it was not trained on."""

import dataclasses
import warnings
from collections.abc import Iterator
from typing import Any

from gans_jax.data.source import DataError, Example, stack
from gans_jax.evaluation.errors import EvaluationError, TrainingImagesWarning
from gans_jax.evaluation.sets import Examples, checked

BATCH = 8


@dataclasses.dataclass(frozen=True)
class Held:
    """Examples that a run was not trained on, or so it is hoped, and what to call them."""

    source: Any
    split: str
    count: int

    def batches(self) -> Iterator[Example]:
        for start in range(0, self.count, BATCH):
            stop = min(start + BATCH, self.count)
            yield stack([self.source[index] for index in range(start, stop)])

    def images(self, side: str) -> Examples:
        """Returns the images of one side as a set for the metrics."""
        read = lambda: (checked(batch[side]) for batch in self.batches())
        what = f"{type(self.source).__name__}, side {side}"
        return Examples(what, self.count, self.source[0][side].shape, read, self.split)


def held_out(source: Any, split: str, folder: str | None, num: int) -> Held:
    """Returns at most `num` held-out examples of a run's data.

    Args:
      source: the data of the run.
      split: which split of them, where they have splits.
      folder: the `path` of the examples instead, where the data are read from a folder. If it has
        the split, that is read, and otherwise the split that the run was trained on.
      num: how many at most.

    Raises:
      EvaluationError: if there is a folder, but the data are not read from one.
    """
    name, value = ("split", split) if folder is None else ("path", folder)
    found = _with(source, name, value)
    if folder is not None:
        found = _split_of(found, split) or found
    if found is None and folder is not None:
        raise EvaluationError(
            f"{type(source).__name__} is not read from a folder: leave out --real"
        )
    if found is None or found == source:
        where = "its data have no splits" if found is None else f"{folder} has no others"
        warnings.warn(
            f"the images are those that the run was trained on, since {where}: give --real FOLDER "
            "of the same form with others",
            TrainingImagesWarning,
            stacklevel=2,
        )
        found, split = source, "train"
    return Held(found, "given by --real" if folder else split, min(num, len(found)))


def _split_of(source: Any, split: str) -> Any:
    """Returns a split of a source, or None if it has no such split."""
    found = _with(source, "split", split)
    try:
        return found if found is not None and len(found) else None
    except DataError:
        return None


def _with(source: Any, name: str, value: Any) -> Any:
    """Returns a source in which a field is another, its own or that of a source within; or None."""
    if not dataclasses.is_dataclass(source):
        return None
    whole: Any = source  # not a class, which is_dataclass would take, too
    fields = {field.name for field in dataclasses.fields(whole)}
    if name in fields:
        return dataclasses.replace(whole, **{name: value})
    inner = {i: _with(getattr(whole, i), name, value) for i in ("source", "a", "b") if i in fields}
    changed = {i: found for i, found in inner.items() if found is not None}
    return dataclasses.replace(whole, **changed) if changed else None

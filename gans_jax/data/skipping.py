"""How a source of files deals with an example that cannot be used."""

import dataclasses
import itertools
import threading
import warnings
from collections.abc import Callable
from typing import Literal, TypeVar

from gans_jax.data.source import DataError

T = TypeVar("T")
OnBad = Literal["raise", "skip"]
LATER = {"later": True}  # `on_bad` is newer than some configurations, which mean its default

_LOCK = threading.Lock()  # not a field of Skipped: a lock cannot be copied with its source


class BadExample(DataError):
    """The file of an example is at fault, so that reading it fails at any time, on any host."""


@dataclasses.dataclass
class Skipped:
    """Reads the examples of a source, and remembers the bad ones.

    With `on_bad="raise"`, reading a bad example raises its error. With "skip" the next good example
    takes its place. Which example that is depends on the files alone: not on the order in which
    examples are read, nor on threads, hosts or what a resumed run has read before. A warning names
    each bad example once.

    One example in a hundred of the `length` examples may be bad, and one always; with more of them,
    reading raises. Each process counts the bad examples that it has met itself.
    """

    on_bad: OnBad
    length: int
    reasons: dict[int, str] = dataclasses.field(default_factory=dict)

    @property
    def limit(self) -> int:
        """The number of examples that may be bad."""
        return max(1, self.length // 100)

    @property
    def listed(self) -> tuple[str, ...]:
        """The reasons why examples are bad, in the order of the examples."""
        return tuple(reason for _, reason in sorted(self.reasons.items()))

    def read(self, index: int, read: Callable[[int], T]) -> T:
        """Returns `read(index)`, or `read` of the first index after it that is not bad.

        Raises:
          IndexError: if the index is out of range.
          DataError: if `read` raises it, or too many examples are bad.
        """
        index = range(self.length)[index]
        if self.on_bad == "raise":
            return read(index)
        for place in itertools.chain(range(index, self.length), range(index)):
            if len(self.reasons) > self.limit:
                break
            if place not in self.reasons:
                try:
                    return read(place)
                except BadExample as error:
                    self._note(place, str(error))
        raise DataError(
            f"{len(self.reasons)} of {self.length} examples cannot be used, but on_bad='skip' "
            f"allows {self.limit}; one of them: {next(iter(self.reasons.values()))}"
        )

    def _note(self, index: int, reason: str) -> None:
        with _LOCK:
            if index in self.reasons:
                return
            self.reasons[index] = reason
        text = f"the next example takes the place of a bad one, number {len(self.reasons)} so far"
        warnings.warn(f"{text}: {reason}", stacklevel=2)

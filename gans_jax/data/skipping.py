"""What a source of files does about an example that cannot be used."""

import dataclasses
import itertools
import threading
import warnings
from collections.abc import Callable
from typing import Literal, TypeVar

from gans_jax.data.source import DataError

T = TypeVar("T")
OnBad = Literal["raise", "skip"]
LATER = {"later": True}  # a configuration written before there was `on_bad` means its default

_LOCK = threading.Lock()  # not in a Skipped, which is copied with its source


class BadExample(DataError):
    """An example whose file is at fault, and which so would fail again at any time, on any host."""


def check(on_bad: str) -> None:
    """DataError unless this is one of the two choices."""
    if on_bad not in ("raise", "skip"):
        raise DataError(f"on_bad cannot be {on_bad!r}: choose 'raise' or 'skip'")


@dataclasses.dataclass
class Skipped:
    """Reads the examples of a source, and remembers those that its files do not give.

    With "raise" a bad example raises. With "skip" the next good one takes its place, which depends
    on the files alone: not on the order in which examples are read, nor on threads, hosts or what a
    resumed run has read before. A warning names each bad example once.

    Of `length` examples at most one in a hundred may be bad, but one always: beyond that, reading
    raises. Each process counts those that it has met itself.
    """

    on_bad: OnBad
    length: int
    reasons: dict[int, str] = dataclasses.field(default_factory=dict)

    @property
    def limit(self) -> int:
        """How many examples may be bad."""
        return max(1, self.length // 100)

    @property
    def listed(self) -> tuple[str, ...]:
        """The reasons, in the order of the examples."""
        return tuple(reason for _, reason in sorted(self.reasons.items()))

    def read(self, index: int, read: Callable[[int], T]) -> T:
        """What `read` returns for an index, or for the first one after it that is not bad.

        Raises:
          IndexError: if there is no such example.
          DataError: what `read` raises, or if too many examples are bad.
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
            f"{len(self.reasons)} of {self.length} examples cannot be used, and on_bad='skip' goes "
            f"without {self.limit} at most; one of them: {next(iter(self.reasons.values()))}"
        )

    def _note(self, index: int, reason: str) -> None:
        with _LOCK:
            if index in self.reasons:
                return
            self.reasons[index] = reason
        text = f"the next example takes the place of a bad one, number {len(self.reasons)} so far"
        warnings.warn(f"{text}: {reason}", stacklevel=2)

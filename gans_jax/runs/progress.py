"""How far something is that takes long: a bar on a terminal, lines of text elsewhere."""

import sys
import time
from collections.abc import Mapping
from typing import Any, Self

from gans_jax.core.output import Unfailing

BAR = "{desc}: {percentage:3.0f}%|{bar:10}| {n_fmt}/{total_fmt}, {remaining} left{postfix}"
PATIENCE = 5.0  # seconds until the first line of what has no numbers to show; it then doubles


class Progress:
    """Shows on the standard error how much of a total is done; a context manager.

    On a terminal and in a notebook it is a bar. Elsewhere, as in a log file, it is one line of text
    each time that there are numbers to show, and without any after 5, 10, 20, ... seconds. The time
    left is reckoned from the end of the first update on, which may have compiled a program.

    Args:
      title: what is going on; None shows nothing.
      total: when it is done.
      start: how much is done already.
    """

    def __init__(self, title: str | None, total: int, start: int = 0) -> None:
        self._title, self._total, self._done = title, total, start
        self._stream, self._bar = Unfailing(sys.stderr), None
        self._first: tuple[int, float] | None = None
        self._numbers, self._patience, self._said = False, PATIENCE, time.monotonic()
        if title is not None and (self._stream.isatty() or "ipykernel" in sys.modules):
            self._bar = self._new_bar(start)

    def _new_bar(self, start: int) -> Any:
        from tqdm.auto import tqdm  # the widget of a notebook, where there is one

        return tqdm(
            desc=self._title,
            total=self._total,
            initial=start,
            file=self._stream,
            mininterval=0.2,
            smoothing=0,
            bar_format=BAR,
            dynamic_ncols=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, num: int = 1) -> None:
        """Counts what was done since the last update."""
        self._done += num
        if self._first is None:
            self._first = self._done, time.monotonic()
            if self._bar is not None:
                self._bar.initial = self._done
                self._bar.start_t = self._bar.last_print_t = self._bar._time()
        if self._bar is not None:
            self._bar.update(num)
        elif not self._numbers and time.monotonic() - self._said >= self._patience:
            self._patience *= 2
            self._say({})

    def show(self, numbers: Mapping[str, float]) -> None:
        """Shows numbers under their names."""
        self._numbers = True
        if self._bar is None:
            self._say(numbers)
        else:
            text = ", ".join(f"{name} {value:.3g}" for name, value in numbers.items())
            self._bar.set_postfix_str(text, refresh=False)

    def _say(self, numbers: Mapping[str, float]) -> None:
        if self._title is None:
            return
        self._said = time.monotonic()
        shown = [f"{name} {value:.4g}" for name, value in numbers.items()]
        parts = [f"{self._done} of {self._total}", *shown, *self._time_left()]
        self._stream.write(f"{self._title}: {', '.join(parts)}\n")
        self._stream.flush()

    def _time_left(self) -> list[str]:
        if self._first is None or not self._first[0] < self._done < self._total:
            return []
        done, since = self._first
        seconds = (time.monotonic() - since) / (self._done - done) * (self._total - self._done)
        return [f"{duration(seconds)} left"]


def duration(seconds: float) -> str:
    """Returns a number of seconds in words, such as "40 s", "12 min" or "3.5 h"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5970 else f"{seconds / 3600:.1f} h"

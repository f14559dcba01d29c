"""The answers of raters as CSV, a row each, on the disk before the next trial begins."""

import csv
import dataclasses
import io
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gans_jax.data import DataError
from gans_jax.tools.study.trials import ROLES, Image, Study

SIDES = ("left", "right")


@dataclasses.dataclass(frozen=True)
class Answer:
    """A rater's answer to one trial: a row of the file, whose columns have these names.

    Attributes:
      study: the name of the `Study`.
      rater: who answered.
      trial: its place in the rater's session, from 1; `trials` is how many that has.
      practice: whether it was one of the practice trials, which are not counted.
      left, right: what was shown there: `real`, `fake` or `against`.
      left_file, right_file: the images' paths in their folders.
      answer: the side that was taken for the real image, or for the more real one.
      shown_ms: how long the images were visible, as the page measured it.
      response_ms: how long the answer took after they had disappeared.
    """

    study: str
    rater: str
    trial: int
    trials: int
    practice: bool
    left: str
    left_file: str
    right: str
    right_file: str
    answer: str
    shown_ms: float
    response_ms: float

    @property
    def images(self) -> tuple[Image, Image]:
        return Image(self.left, self.left_file), Image(self.right, self.right_file)

    @property
    def chosen(self) -> str:
        """What the rater took for real: `real`, `fake` or `against`."""
        return getattr(self, self.answer)


COLUMNS = tuple(field.name for field in dataclasses.fields(Answer))


def read(path: Path) -> list[Answer]:
    """The answers in a file.

    Raises:
      DataError: if it is no such file, or a row is not whole.
      OSError: if it cannot be read.
    """
    try:
        text = path.read_bytes().decode(errors="surrogateescape")
        head, *rows = [*csv.reader(io.StringIO(text, newline=""), strict=True)] or [[]]
    except csv.Error as error:
        raise DataError(f"{path} is no CSV file ({error}): name one that `study` wrote") from error
    if tuple(head) != COLUMNS:
        raise DataError(
            f"{path} does not have the columns {','.join(COLUMNS)}: name a file that `study` wrote"
        )
    if not text.endswith("\n"):
        raise DataError(f"the last line of {path} is cut off: remove it, or end it if it is whole")
    return [_answer(path, line, row) for line, row in enumerate(rows, start=2)]


def _answer(path: Path, line: int, row: Sequence[str]) -> Answer:
    try:
        found: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
        found |= {name: int(found[name]) for name in ("trial", "trials")}
        found |= {name: float(found[name]) for name in ("shown_ms", "response_ms")}
        found["practice"] = bool(("no", "yes").index(found["practice"]))
        answer = Answer(**found)
        known = answer.answer in SIDES and {answer.left, answer.right} < {*ROLES}
        if not known or answer.left == answer.right:
            raise ValueError(f"{answer.answer} of {answer.left} and {answer.right}")
        return answer
    except ValueError as error:
        raise DataError(f"line {line} of {path} is not an answer ({error}): mend it") from error


def _cells(row: Answer | Image) -> list[Any]:
    cells = dataclasses.astuple(row)
    return [("no", "yes")[cell] if isinstance(cell, bool) else cell for cell in cells]


class Answers:
    """The file of a study, to which several raters' answers are appended, also at the same time.

    An answer is on the disk when `add` returns; one that does not fit there leaves no part of it.

    Raises:
      DataError: if the file holds something else, or the answers of another study.
      OSError: if it cannot be read or written.
    """

    def __init__(self, path: Path, study: Study):
        self.path, self.study = path, study
        self._lock = threading.Lock()
        found = read(path) if path.exists() and path.stat().st_size else []
        if any(answer.study != study.name for answer in found):
            raise DataError(
                f"{path} has answers to a study of other images or settings: name another --out"
            )
        self._given: dict[str, int] = {}
        for answer in found:
            self._count(answer.rater, answer.trial)
        if not path.exists() or not path.stat().st_size:
            self._append(COLUMNS)

    def given(self, rater: str) -> int:
        """How many trials of the session a rater has answered."""
        return self._given.get(rater, 0)

    @property
    def raters(self) -> tuple[str, ...]:
        return tuple(self._given)

    def add(self, rater: str, number: int, answer: str, shown: float, response: float) -> bool:
        """Writes the answer to a rater's trial `number`, from 0; False if that is not the next.

        `shown` and `response` are milliseconds.
        """
        session = self.study.session(rater)
        with self._lock:
            if number != self.given(rater) or number >= len(session):
                return False
            trial = session[number]
            place = self.study.name, rater, number + 1, len(session), trial.practice
            images = *_cells(trial.left), *_cells(trial.right)
            row = Answer(*place, *images, answer, round(shown, 1), round(response, 1))
            self._append(_cells(row))
            self._given[rater] = number + 1
            return True

    def _count(self, rater: str, trial: int) -> None:
        if trial != self.given(rater) + 1:
            raise DataError(
                f"{self.path} has trial {trial} of {rater} after {self.given(rater)}: the answers "
                "of a rater must be whole and in order, so mend it or name another --out"
            )
        self._given[rater] = trial

    def _append(self, row: Sequence[Any]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row)
        data = memoryview(text.getvalue().encode(errors="surrogateescape"))
        with self.path.open("ab", buffering=0) as file:
            end = file.tell()
            try:
                while data:
                    data = data[file.write(data) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise

"""The answers of raters in a CSV file, each written to the disk before the next trial begins."""

import csv
import dataclasses
import io
import os
import re
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gans_jax.data import DataError
from gans_jax.tools.study.trials import ROLES, Image, Study

SIDES = ("left", "right")
YES_NO = ("no", "yes")  # how False and True are written
# A spreadsheet would take such a cell for a formula, unless an apostrophe comes first.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


@dataclasses.dataclass(frozen=True)
class Answer:
    """A rater's answer to one trial. It is a row of the file, and its fields are the columns.

    Attributes:
      study: the name of the `Study`.
      rater: the name of the rater.
      trial: the number of the trial in the rater's session, from 1.
      trials: how many trials the session has.
      practice: whether the trial was for practice, and does not count.
      left: the role of the image on the left: `real`, `fake` or `against`.
      left_file: its path in the folder of that role.
      right: the role of the image on the right.
      right_file: its path in the folder of that role.
      answer: the side, `left` or `right`, that the rater took for real, or for more real.
      shown_ms: for how many milliseconds the images were visible, as the page measured it.
      response_ms: for how many milliseconds after that the rater thought.
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
        """The images on the left and on the right."""
        return Image(self.left, self.left_file), Image(self.right, self.right_file)

    @property
    def chosen(self) -> str:
        """The role of the image that the rater took for real: `real`, `fake` or `against`."""
        return getattr(self, self.answer)


COLUMNS = tuple(field.name for field in dataclasses.fields(Answer))


def read(path: Path) -> list[Answer]:
    """Reads the answers in a file.

    Raises:
      DataError: if the file holds something else, or its last row is cut off.
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
        texts = [cell[1:] if FORMULA.match(cell[1:]) and cell[0] == "'" else cell for cell in row]
        found: dict[str, Any] = dict(zip(COLUMNS, texts, strict=True))
        found |= {name: int(found[name]) for name in ("trial", "trials")}
        found |= {name: float(found[name]) for name in ("shown_ms", "response_ms")}
        found["practice"] = bool(YES_NO.index(found["practice"]))
        answer = Answer(**found)
        known = answer.answer in SIDES and {answer.left, answer.right} < {*ROLES}
        if not known or answer.left == answer.right:
            raise ValueError(f"{answer.answer} of {answer.left} and {answer.right}")
        return answer
    except ValueError as error:
        raise DataError(f"line {line} of {path} is not an answer ({error}): mend it") from error


class Answers:
    """The file of a study's answers, which grows by one row for each.

    Several raters may answer at the same time. An answer is on the disk when `add` returns; if the
    disk is full, no part of it stays in the file.

    Attributes:
      path: the file.
      study: the study.
      given: how many trials of the session each rater has answered.

    Raises:
      DataError: if the file holds something else, or the answers of another study.
      OSError: if the file cannot be read or written.
    """

    def __init__(self, path: Path, study: Study):
        self.path, self.study = path, study
        self._lock = threading.Lock()
        found = read(path) if path.exists() and path.stat().st_size else []
        if any(answer.study != study.name for answer in found):
            raise DataError(
                f"{path} has answers to a study of other images or settings: name another --out"
            )
        self.given: Counter[str] = Counter()
        for answer in found:
            rater, trial = answer.rater, answer.trial
            if trial != self.given[rater] + 1:
                raise DataError(
                    f"{path} has trial {trial} of {rater} after {self.given[rater]}: the answers "
                    "of a rater must be whole and in order, so mend it or name another --out"
                )
            self.given[rater] = trial
        if not path.exists() or not path.stat().st_size:
            self._append(COLUMNS)

    def add(self, rater: str, number: int, answer: str, shown: float, response: float) -> bool:
        """Writes a rater's answer to a trial, unless that is not the rater's next trial.

        Args:
          rater: the name of the rater.
          number: the number of the trial in the rater's session, from 0.
          answer: the side that was chosen, `left` or `right`.
          shown: for how many milliseconds the images were visible.
          response: for how many milliseconds the rater thought.

        Returns:
          Whether the answer was written.
        """
        session = self.study.session(rater)
        with self._lock:
            if number != self.given[rater] or number >= len(session):
                return False
            trial = session[number]
            given = Answer(
                study=self.study.name,
                rater=rater,
                trial=number + 1,
                trials=len(session),
                practice=trial.practice,
                left=trial.left.role,
                left_file=trial.left.file,
                right=trial.right.role,
                right_file=trial.right.file,
                answer=answer,
                shown_ms=round(shown, 1),
                response_ms=round(response, 1),
            )
            self._append([_cell(value) for value in dataclasses.astuple(given)])
            self.given[rater] = number + 1
            return True

    def _append(self, row: Sequence[Any]) -> None:
        text = io.StringIO()
        csv.writer(text).writerow(row)  # whose end of line, \r\n, is why it quotes a \r in a name
        line = text.getvalue().removesuffix("\r\n") + "\n"
        data = memoryview(line.encode(errors="surrogateescape"))
        with self.path.open("ab", buffering=0) as file:
            end = file.tell()
            try:
                while data:
                    data = data[file.write(data) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return YES_NO[value]
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value

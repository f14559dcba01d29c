"""What a person sees of something that takes long."""

import io

import pytest

from gans_jax.runs import progress
from gans_jax.runs.progress import Progress, duration


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_file_gets_a_line_for_each_log_without_the_time_of_compiling(clock, capsys):
    with Progress("run", 400) as shown:
        clock[0] += 50  # the first iteration compiles
        shown.update()
        shown.show({"critic": 1.23456})
        for _ in range(99):
            clock[0] += 2
            shown.update()
        shown.show({"critic": -0.5, "images/s": 1234.5})
        for _ in range(300):
            shown.update()
        shown.show({})
    assert capsys.readouterr().err.splitlines() == [
        "run: 1 of 400",  # it took long
        "run: 1 of 400, critic 1.235",
        "run: 100 of 400, critic -0.5, images/s 1234, 10 min left",
        "run: 400 of 400",
    ]


def test_a_log_file_gets_fewer_and_fewer_lines_where_there_are_no_numbers(clock, capsys):
    with Progress("images read", 100) as shown:
        for _ in range(80):
            clock[0] += 1
            shown.update()
    assert capsys.readouterr().err.splitlines() == [
        "images read: 5 of 100, 95 s left",
        "images read: 15 of 100, 85 s left",
        "images read: 35 of 100, 65 s left",
        "images read: 75 of 100, 25 s left",
    ]


def test_a_terminal_gets_a_bar_with_short_numbers(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress("run", 4) as shown:
        shown.update()
        shown.show({"generator": 1.23456, "wasserstein": 0.5})
        shown.update(3)
    last = terminal.getvalue().split("\r")[-1]
    assert last == "run: 100%|##########| 4/4, 00:00 left, generator 1.23, wasserstein 0.5\n"


def test_no_title_shows_nothing(clock, capsys):
    with Progress(None, 4) as shown:
        clock[0] += 100
        shown.update()
        shown.show({"critic": 1.0})
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (99, "99 s"), (100, "2 min"), (5900, "98 min"), (6000, "1.7 h")],
)
def test_durations_have_a_unit_that_fits(seconds, words):
    assert duration(seconds) == words

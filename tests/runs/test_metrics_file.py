"""The metrics of a run on the disk."""

import json

import pytest

from gans_jax.runs import metrics_file
from gans_jax.runs.config import ConfigError
from gans_jax.runs.metrics_file import keep_lines, last_step


@pytest.fixture
def file(tmp_path):
    return tmp_path / "metrics.jsonl"


@pytest.fixture(params=[70, 150, 2**21])
def block(request, monkeypatch):
    """Reads blocks of about a line, of a few lines, and of all lines."""
    monkeypatch.setattr(metrics_file, "_BLOCK", request.param)
    monkeypatch.setattr(metrics_file, "MAX_LINE", request.param - 1)


def line(step):
    return json.dumps({"step": step, "loss": 1 / (step + 3), "seconds": None}) + "\n"


def test_the_last_step(file, block):
    assert last_step(file) is None
    file.write_text("")
    assert last_step(file) is None
    for step in range(1, 30):
        with file.open("a") as opened:
            opened.write(line(step))
        assert last_step(file) == step


def test_a_last_line_that_is_cut_off_is_no_step(file, block):
    whole = line(1) + line(2)
    for cut in range(len(line(1)) + 1, len(whole)):
        file.write_text(whole[:cut])
        assert last_step(file) == 1
    file.write_text(line(1)[:-1])
    assert last_step(file) is None


@pytest.mark.parametrize("last", range(32))
def test_lines_after_a_step_are_cut_off(file, block, last):
    steps = range(2, 31, 2)
    file.write_text("".join(map(line, steps)) + line(40)[:20])
    keep_lines(file, last)
    assert file.read_text() == "".join(line(step) for step in steps if step <= last)


def test_a_file_that_is_absent_stays_absent(file):
    keep_lines(file, 3)
    assert not file.exists()


@pytest.mark.parametrize(
    "bad", ["[3]", '{"step": 1.0}', "{}", "", "1" * 5000, '{"step": 1, "a": "b"}']
)
def test_a_damaged_line_is_named_and_nothing_is_cut(file, block, bad):
    content = line(1) + bad + "\n" + line(2)
    file.write_text(content)
    with pytest.raises(
        ConfigError, match=rf"{file} is damaged before its byte {len(content) - len(line(2))} "
    ):
        keep_lines(file, 1)
    assert file.read_text() == content
    keep_lines(file, 2)
    assert last_step(file) == 2

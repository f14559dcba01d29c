"""Run folders of other versions."""

import json
import shutil

import pytest

from gans_jax.runs import ConfigError, load
from gans_jax.training import resume
from tests.support.tiny import assert_same_bits


@pytest.fixture
def run(finished, tmp_path):
    """A copy of a complete run, its state, and a function that changes its `data.json`."""
    workdir, _, state = finished
    copy = tmp_path / "run"
    shutil.copytree(workdir, copy)
    file = copy / "data.json"

    def change(**fields):
        found = json.loads(file.read_text()) | fields
        file.write_text(json.dumps({name: v for name, v in found.items() if v is not None}))

    return copy, state, change


@pytest.mark.parametrize(("number", "age"), [(None, "an older"), (1, "an older"), (3, "a newer")])
def test_a_run_of_another_format_is_used_but_not_resumed(run, number, age):
    workdir, state, change = run
    change(format=number)
    before = (workdir / "metrics.jsonl").read_bytes()
    with pytest.raises(ConfigError, match=f"format [13], of {age} version of gans_jax"):
        resume(workdir, progress=False)
    assert (workdir / "metrics.jsonl").read_bytes() == before
    assert_same_bits(load(workdir)[1], state)


def test_a_run_of_this_format_is_resumed(run):
    workdir, state, change = run
    change(format=2)
    assert_same_bits(resume(workdir, progress=False), state)

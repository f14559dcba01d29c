"""The benchmark of input, on a few images."""

import json
import sys

import pytest

pytest.importorskip("torch")
pytest.importorskip("array_record")

from experiments.benchmark import input as benchmark

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_all_sets_are_read_by_both(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(benchmark.machine, "configure", lambda: None)
    file = tmp_path / "input.json"
    words = ["--num", "12", "--batch-size", "4", "--workers", "1", "--rounds", "2"]
    monkeypatch.setattr(sys, "argv", ["input.py", *words, "--json", str(file)])
    benchmark.main()
    found = json.loads(file.read_text())
    names = ["png 64", "jpeg 256", "packed 64", "packed 256 crop"]
    assert [result["name"] for result in found] == names
    for result in found:
        assert 0 < result["ratio_min"] <= result["ratio_max"]
        assert min(result["pytorch"], result["gans_jax"], result["one_core"]) > 0
    lines = capsys.readouterr().out.splitlines()[-4:]
    assert [line[:16].strip() for line in lines] == names

"""The table of what the paper configurations cost, without the compiler that it needs."""

import sys
from pathlib import Path

import pytest

from experiments.benchmark import paper_cost
from gans_jax.tools.plan.chips import PlanError


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Runs the program in a folder of its own, and counts what it compiles."""
    compiled = []

    def work(experiment, place, batch_size):
        compiled.append(experiment)
        if experiment.batch_size == 32:  # PUGAN's alone
            raise PlanError("does not fit: take less")
        return {"flops": 98.5e9, "bytes accessed": 819e6}

    monkeypatch.setattr(paper_cost.audit, "work", work)
    monkeypatch.setattr(paper_cost.audit, "versions", lambda: "libtpu 1")
    monkeypatch.setattr(paper_cost, "KEPT", tmp_path / "kept.json")
    monkeypatch.setattr(sys, "argv", ["paper_cost", "--only", "wgan", "pugan"])
    return compiled


def test_every_configuration_is_in_one_row():
    rows = paper_cost.rows()
    names = [(row.file, name) for row in rows for name in row.names]
    assert len(names) == len(set(names))
    assert not [row.program for row in rows if "0x" in row.program]  # the same in every process
    files = {path.name for path in Path(paper_cost.paper.__file__).parent.glob("[a-z]*.py")}
    assert {file for file, _ in names} == files
    assert ("pugan.py", ("mnist_sgan", "fashion_mnist_sgan")) in {(r.file, r.names) for r in rows}


def test_a_program_is_compiled_once(planned, capsys):
    paper_cost.main()
    printed = capsys.readouterr().out
    # 200,000 iterations of 1 ms are 0.056 hours; the data and the schedule change no program.
    # A v5e chip computes for 0.5 ms and moves bytes for 1 ms.
    figures = "64 | 98.5 | 819 | 1 | HBM"
    assert f"| `experiments/paper/wgan.py`: lsun_bedroom | 200,000 | {figures} | 0.056 |" in printed
    assert f"| `experiments/paper/wgan.py`: lsun_church | 49,300 | {figures} | 0.014 |" in printed
    assert "pugan.py, cifar10_sgan: does not fit: take less" in printed
    assert len([each for each in planned if each.batch_size == 64]) == 2
    planned.clear()
    paper_cost.main()
    assert not [each for each in planned if each.batch_size == 64]
    assert capsys.readouterr().out == printed

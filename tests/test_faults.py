"""The faults of `tests.support.faults` are still faults of the package as it is."""

import shutil
from pathlib import Path

import pytest

from tests.support.faults import FAULTS
from tests.support.mutation import ROOT, put_in


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_can_be_put_in(name, tmp_path):
    file = FAULTS[name].file.partition(":")[0]
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(ROOT, "gans_jax", file), path)
    before = path.read_text()
    put_in(FAULTS[name], tmp_path)
    compile(path.read_text(), file, "exec")
    assert path.read_text() != before

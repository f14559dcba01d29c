"""The code in the documentation runs."""

import re
from pathlib import Path

import jax
import numpy as np
import pytest

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.slow
def test_compose_runs():
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "compose.md").read_text(), re.DOTALL)
    assert len(blocks) > 5
    names = {}
    exec("\n".join(blocks), names)  # one program, as the page says
    assert all(np.isfinite(g).all() and g.any() for g in jax.tree.leaves(names["gradients"]))
    assert names["error"](names["z"]) < names["error"](names["method"].prior(names["key"], 1))


def test_every_promise_names_tests_that_exist():
    text = (DOCS / "reliability.md").read_text()
    defined = {
        name
        for file in Path(__file__).parent.glob("**/*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    rows = [row for row in text.splitlines() if row.startswith("| ") and "promise" not in row]
    assert len(rows) > 25
    for row in rows:
        names = re.findall(r"`(test_\w+)`", row.split(" | ")[-1])
        assert names, row
        assert set(names) <= defined, set(names) - defined

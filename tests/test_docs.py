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

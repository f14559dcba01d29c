import numpy as np
import pytest


@pytest.fixture(autouse=True)
def same_draws(request, monkeypatch):
    """The same random numbers, whichever tests ran in this process before."""
    if hasattr(request.module, "RNG"):
        monkeypatch.setattr(request.module, "RNG", np.random.default_rng(1))

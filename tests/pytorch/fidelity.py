"""torch-fidelity's modules, without the torchvision that only its other networks need."""

import importlib.util
import sys
from types import ModuleType
from unittest import mock

import pytest

_MASKED = ("", ".datasets", ".transforms", ".transforms.functional")


def torch_fidelity(*names: str) -> list[ModuleType]:
    """Skips the tests where torch-fidelity is not installed.

    The compiled part of torchvision refuses every PyTorch but its own, so the name is masked while
    torch-fidelity is imported.
    """
    if importlib.util.find_spec("torch_fidelity") is None:
        pytest.skip("torch-fidelity is not installed", allow_module_level=True)
    with mock.patch.dict(sys.modules, {f"torchvision{part}": mock.MagicMock() for part in _MASKED}):
        return [importlib.import_module(f"torch_fidelity.{name}") for name in names]

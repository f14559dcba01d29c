"""Files of PyTorch read without it."""

import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gans_jax.metrics.torch_pickle import read_torch_pickle  # noqa: E402

pytestmark = pytest.mark.torch


def _saved(path, state) -> bytes:
    torch.save(state, path, _use_new_zipfile_serialization=False)
    return path.read_bytes()


def test_reads_tensors_of_any_layout(tmp_path) -> None:
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    state = {"plain": base, "view": base[1:, :, 1:].permute(2, 0, 1), "steps": torch.tensor(7)}
    tensors = read_torch_pickle(_saved(tmp_path / "state.pth", state))
    assert list(tensors) == list(state)
    for name, tensor in state.items():
        assert tensors[name].dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(tensors[name], tensor.numpy())


def test_runs_nothing_else(tmp_path) -> None:
    class Harmful:
        def __reduce__(self):
            return print, ("harm",)

    with pytest.raises(pickle.UnpicklingError, match="print is not part of a tensor"):
        read_torch_pickle(_saved(tmp_path / "state.pth", {"weight": Harmful()}))


def test_refuses_damage(tmp_path) -> None:
    content = _saved(tmp_path / "state.pth", {"weight": torch.ones(5)})
    with pytest.raises((pickle.UnpicklingError, ValueError)):
        read_torch_pickle(content[:-28] + bytes(28))
    with pytest.raises(pickle.UnpicklingError, match=r"before 1\.6"):
        read_torch_pickle(pickle.dumps(1))

"""Files of PyTorch read without it."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st

from gans_jax.weights import WeightsError, read_tensors

pytestmark = pytest.mark.torch

FORMATS = {"zip": True, "before 1.6": False}


def _saved(path, state, kind):
    torch.save(state, path, _use_new_zipfile_serialization=FORMATS[kind])
    return path


@pytest.mark.parametrize("kind", FORMATS)
def test_reads_tensors_of_any_layout(tmp_path, kind) -> None:
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    state = {"plain": base, "view": base[1:, :, 1:].permute(2, 0, 1), "steps": torch.tensor(7)}
    state |= {"half": torch.ones(2).half(), "double": torch.ones(3).double()}
    state["parameter"] = torch.nn.Parameter(torch.ones(2))
    tensors = read_tensors(_saved(tmp_path / "state.pth", state, kind))
    assert list(tensors) == list(state)
    for name, tensor in state.items():
        assert tensors[name].dtype == tensor.detach().numpy().dtype
        np.testing.assert_array_equal(tensors[name], tensor.detach().numpy())


@pytest.mark.parametrize("kind", FORMATS)
def test_runs_nothing_else(tmp_path, kind) -> None:
    class Harmful:
        def __reduce__(self):
            return print, ("harm",)

    for value, reason in (
        ({"weight": Harmful()}, "asks for builtins.print|asks for __builtin__.print"),
        (torch.nn.Linear(1, 1), r"asks for torch\.nn\.modules\.linear\.Linear"),
        ({"epoch": 3, "net": {}}, "'epoch', which is not a tensor"),
        ({"weight": torch.ones(2).bfloat16()}, "has a BFloat16Storage"),
        ({}, "not hold a state dict"),
    ):
        with pytest.raises(WeightsError, match=reason):
            read_tensors(_saved(tmp_path / "state.pth", value, kind))


@pytest.mark.parametrize("kind", FORMATS)
def test_damage_is_refused_or_harmless(tmp_path, kind) -> None:
    whole = _saved(tmp_path / "state.pth", {"weight": torch.ones(5)}, kind).read_bytes()
    damaged = tmp_path / "damaged.pth"

    @settings(max_examples=500, deadline=None, derandomize=True)
    @given(st.data())
    def check(data) -> None:
        content = bytearray(whole)
        for _ in range(data.draw(st.integers(0, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        damaged.write_bytes(content[: data.draw(st.integers(0, len(content)))])
        try:
            tensors = read_tensors(damaged)
        except WeightsError:
            return
        assert all(isinstance(value, np.ndarray) for value in tensors.values())

    check()
    damaged.write_bytes(whole[:-20])
    with pytest.raises(WeightsError, match=r"damaged\.pth is damaged"):
        read_tensors(damaged)

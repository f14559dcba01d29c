"""Files of PyTorch read without it."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st

from gans_jax.weights import WeightsError, read_tensors

pytestmark = pytest.mark.torch

FORMATS = {"zip": True, "before 1.6": False}


def _saved(path, state, kind, **options):
    torch.save(state, path, _use_new_zipfile_serialization=FORMATS[kind], **options)
    return path


@pytest.mark.parametrize("kind", FORMATS)
def test_reads_tensors_of_any_layout(tmp_path, kind) -> None:
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    state = {"plain": base, "view": base[1:, :, 1:].permute(2, 0, 1), "steps": torch.tensor(7)}
    state |= {"half": torch.ones(2).half(), "double": torch.ones(3).double()}
    state |= {"bytes": torch.arange(3).byte(), "truths": torch.tensor([True, False])}
    state |= {"parameter": torch.nn.Parameter(torch.ones(2)), "empty": torch.zeros(0, 3)}
    state["marked"] = torch.nn.Parameter(torch.ones(2))
    state["marked"].origin = "an attribute"
    tensors = read_tensors(_saved(tmp_path / "state.pth", state, kind))
    assert list(tensors) == list(state)
    for name, tensor in state.items():
        assert tensors[name].dtype == tensor.detach().numpy().dtype
        np.testing.assert_array_equal(tensors[name], tensor.detach().numpy())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_reads_floats_that_numpy_lacks(tmp_path, kind, name) -> None:
    values = torch.linspace(-2, 2, 12).reshape(3, 4).to(getattr(torch, name))
    state = {"plain": values, "view": values[1:, ::2].T}
    tensors = read_tensors(_saved(tmp_path / "state.pth", state, kind))
    for part, tensor in state.items():
        assert tensors[part].dtype.name == name
        np.testing.assert_array_equal(tensors[part].astype("f4"), tensor.float().numpy())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_reads_every_protocol_of_pickle(tmp_path, kind, protocol) -> None:
    layer = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    path = _saved(tmp_path / "state.pth", layer.state_dict(), kind, pickle_protocol=protocol)
    tensors = read_tensors(path)
    assert list(tensors) == list(layer.state_dict())
    np.testing.assert_array_equal(tensors["0.weight"], layer[0].weight.detach().numpy())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["state_dict", "model", "params_ema"])
def test_finds_the_state_dict_in_a_checkpoint(tmp_path, kind, name) -> None:
    layer = torch.nn.Linear(2, 3)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    state = {"epoch": 3, "loss": 0.5, name: layer.state_dict()}
    state["optimizer"] = optimizer.state_dict()
    state["schedule"] = torch.optim.lr_scheduler.StepLR(optimizer, 3).state_dict()
    tensors = read_tensors(_saved(tmp_path / "state.pth", state, kind))
    assert list(tensors) == ["weight", "bias"]
    np.testing.assert_array_equal(tensors["weight"], layer.weight.detach().numpy())
    state["ema"] = {"weight": torch.zeros(2)}
    with pytest.raises(WeightsError, match=rf"several state dicts \({name}, ema\): save one"):
        read_tensors(_saved(tmp_path / "state.pth", state, kind))


@pytest.mark.parametrize("kind", FORMATS)
def test_runs_nothing_else(tmp_path, kind) -> None:
    class Harmful:
        def __reduce__(self):
            return print, ("harm",)

    for value, reason in (
        ({"weight": Harmful()}, "asks for builtins.print|asks for __builtin__.print"),
        (torch.nn.Linear(1, 1), r"asks for torch\.nn\.modules\.linear\.Linear"),
        ({"epoch": 3, "net": {}}, "not hold a state dict"),
        ({"weight": torch.ones(2, dtype=torch.complex128)}, "has a ComplexDoubleStorage"),
        ({("a", "b"): torch.ones(2)}, "keys are no names"),
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


def test_a_file_without_checksums_is_refused_with_the_setting(tmp_path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        path = _saved(tmp_path / "state.pth", {"weight": torch.ones(5)}, "zip")
    finally:
        torch.serialization.set_crc32_options(True)
    with pytest.raises(WeightsError, match=r"has a wrong checksum of .*set_crc32_options"):
        read_tensors(path)

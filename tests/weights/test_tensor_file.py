"""Files of tensors; those of PyTorch are assembled by hand, so that nothing here needs it."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gans_jax.weights import WeightsError, read_tensors, write_tensors
from tests.support.tiny import fuzz

VALUES = np.arange(6, dtype="<f4")
BYTES = VALUES.tobytes()
STORAGE = (
    b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQ"
)
REST = b"\x89ccollections\nOrderedDict\n)Rt"


def tensor(offset=0, shape=b"K\x02K\x03\x86", strides=b"K\x03K\x01\x86"):
    place = b"K" + bytes([offset]) + shape + strides
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + place + REST + b"R"


def pickled(value):
    return b"\x80\x02}q\x00X\x01\x00\x00\x00w" + value + b"s."


def zipped(value, data=BYTES, name="net", compression=zipfile.ZIP_STORED, **more):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        parts = {"data.pkl": pickled(value), "byteorder": b"little", "data/0": data}
        for part, content in (parts | more).items():
            archive.writestr(f"{name}/{part}", content)
    return file.getvalue()


@pytest.fixture
def read(tmp_path):
    def read(content, name="net.pth"):
        (tmp_path / name).write_bytes(content)
        return read_tensors(tmp_path / name)

    return read


def refusal(read, content, name="net.pth"):
    with pytest.raises(WeightsError) as caught:
        read(content, name)
    text = str(caught.value)
    assert name in text
    assert ": " in text
    return text


def test_reads_a_tensor_and_a_view_of_it(read):
    (found,) = read(zipped(tensor())).values()
    np.testing.assert_array_equal(found, VALUES.reshape(2, 3))
    transposed = tensor(1, b"K\x02K\x02\x86", b"K\x01K\x03\x86")
    np.testing.assert_array_equal(read(zipped(transposed))["w"], [[1, 4], [2, 5]])


@pytest.mark.parametrize(
    ("content", "reason"),
    {
        "code": (zipped(b"cos\nsystem\nX\x02\x00\x00\x00ls\x85R"), "asks for os.system, which is"),
        "object": (zipped(b"cmodels.networks\nUnet\n)\x81"), "asks for models.networks.Unet"),
        "new": (zipped(b"ccollections\nOrderedDict\n)\x81"), "the opcode NEWOBJ"),
        "number": (zipped(b"K\x01"), "'w', which is not a tensor"),
        "state dict in a dictionary": (
            zipped(b"}X\x01\x00\x00\x00v" + tensor() + b"s"),
            "not a tensor",
        ),
        "empty": (zipped(b"").replace(pickled(b""), b"\x80\x02}" + b"0" * 7 + b"."), "damaged"),
        "beyond": (zipped(tensor(1)), "damaged"),
        "too many": (zipped(tensor(0, b"K\x09K\x09\x86", b"K\x00K\x00\x86")), "too small for w"),
        "backwards": (zipped(tensor(5, b"K\x02\x85", b"J\xff\xff\xff\xff\x85")), "too small"),
        "short": (zipped(tensor(), BYTES[:-4]), "damaged"),
        "lacking": (zipped(tensor(), name="other")[:-200], "damaged"),
        "big-endian": (zipped(tensor(), byteorder=b"big"), "big-endian"),
        "TorchScript": (zipped(tensor(), **{"constants.pkl": b""}), "TorchScript"),
        "compressed": (zipped(tensor(), compression=zipfile.ZIP_DEFLATED), "compressed"),
        "other zip": (
            zipped(tensor()).replace(b"data.pkl", b"text.txt"),
            "torch.save did not write",
        ),
        "half": (zipped(tensor().replace(b"FloatS", b"BoolS")), "BoolStorage"),
        "text": (b"a text", "was not written by torch.save"),
        "nothing": (b"", "was not written by torch.save"),
    }.values(),
)
def test_refuses(read, content, reason):
    assert reason in refusal(read, content)


def test_refuses_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(WeightsError, match="cannot be read"):
            read_tensors(path)


def test_fuzz_pth(tmp_path, cases):
    """Cut or changed anywhere, or garbage behind the right beginning: one kind of error."""
    whole, path = zipped(tensor()), tmp_path / "damaged.pth"

    @fuzz(300)
    @given(st.data())
    def refused_or_harmless(data):
        content = bytearray(whole)
        for _ in range(data.draw(st.integers(0, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        cut = bytes(content[: data.draw(st.integers(0, len(content)))])
        for damaged in (cut, bytes(content), cut[:4] + data.draw(st.binary(max_size=40))):
            cases.append(damaged)
            path.write_bytes(damaged)
            _harmless(path)

    refused_or_harmless()


def test_fuzz_pickle(tmp_path, cases):
    path, place = tmp_path / "garbage.pth", len(tensor()) // 2

    @fuzz(300)
    @given(st.binary(max_size=60))
    def refused_or_harmless(garbage):
        for value in (garbage, tensor()[:place] + garbage, tensor() + garbage):
            cases.append(value)
            path.write_bytes(zipped(value))
            _harmless(path)

    refused_or_harmless()


def test_fuzz_safetensors(tmp_path, cases):
    pytest.importorskip("safetensors")
    path = tmp_path / "damaged.safetensors"
    write_tensors(path, {"w": VALUES})
    whole = path.read_bytes()

    @fuzz(100)
    @given(st.binary(max_size=60), st.integers(0, 120))
    def refused_or_harmless(garbage, cut):
        for content in (garbage, whole[:cut], whole[:cut] + garbage, whole[:8] + garbage):
            cases.append(content)
            path.write_bytes(content)
            _harmless(path)

    refused_or_harmless()


def _harmless(path):
    try:
        tensors = read_tensors(path)
    except WeightsError:
        return
    assert all(isinstance(value, np.ndarray) for value in tensors.values())


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_writes_whole_files_or_none(tmp_path, suffix):
    pytest.importorskip("safetensors")
    path = tmp_path / f"net.{suffix}"
    write_tensors(path, {"w": VALUES.reshape(2, 3).T})
    np.testing.assert_array_equal(read_tensors(path)["w"], VALUES.reshape(2, 3).T)
    with pytest.raises(WeightsError, match=r"\.bin must end in \.pth, \.safetensors or"):
        write_tensors(tmp_path / "net.bin", {"w": VALUES})
    with pytest.raises(WeightsError, match="cannot be written"):
        write_tensors(tmp_path / "none" / path.name, {"w": VALUES})
    assert list(tmp_path.iterdir()) == [path]

"""Files of tensors; those of PyTorch are assembled by hand, so that nothing here needs it."""

import io
import json
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gans_jax.weights import (
    WeightsError,
    read_tensors,
    state_pickle,
    tensor_file,
    write_tensors,
)
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


NESTED = b"}X\x01\x00\x00\x00v" + tensor() + b"s"


def safetensors(kind, data):
    pytest.importorskip("safetensors")
    header = {"w": {"dtype": kind, "shape": [2], "data_offsets": [0, len(data)]}}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


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
        "number": (zipped(b"K\x01"), "does not hold a state dict"),
        "two": (zipped(NESTED + b"sX\x01\x00\x00\x00x" + NESTED), "(w, x): save one of them"),
        "tensors beside": (zipped(NESTED + b"sX\x01\x00\x00\x00x" + tensor()), "the whole file, w"),
        "empty": (zipped(b"").replace(pickled(b""), b"\x80\x02}" + b"0" * 7 + b"."), "damaged"),
        "beyond": (zipped(tensor(1)), "damaged"),
        "too many": (zipped(tensor(0, b"K\x09K\x09\x86", b"K\x00K\x00\x86")), "too small for w"),
        "backwards": (zipped(tensor(5, b"K\x02\x85", b"J\xff\xff\xff\xff\x85")), "impossible"),
        "short": (zipped(tensor(), BYTES[:-4]), "damaged"),
        "lacking": (zipped(tensor(), name="other")[:-200], "damaged"),
        "big-endian": (zipped(tensor(), byteorder=b"big"), "big-endian"),
        "TorchScript": (zipped(tensor(), **{"constants.pkl": b""}), "TorchScript"),
        "compressed": (zipped(tensor(), compression=zipfile.ZIP_DEFLATED), "compressed"),
        "other zip": (
            zipped(tensor()).replace(b"data.pkl", b"text.txt"),
            "torch.save did not write",
        ),
        "quantised": (zipped(tensor().replace(b"FloatS", b"QInt8S")), "QInt8Storage"),
        "checksum": (zipped(tensor()).replace(BYTES, BYTES[::-1]), "set_crc32_options"),
        "text": (b"a text", "was not written by torch.save"),
        "nothing": (b"", "was not written by torch.save"),
    }.values(),
)
def test_refuses(read, content, reason):
    assert reason in refusal(read, content)


def test_refuses_a_missing_file_a_folder_a_pipe_and_a_device(tmp_path):
    os.mkfifo(tmp_path / "pipe.pth")
    for path in (tmp_path / "none.pth", tmp_path, tmp_path / "pipe.pth", Path("/dev/zero")):
        with pytest.raises(WeightsError, match="cannot be read"):
            read_tensors(path)


def test_a_file_larger_than_any_network_is_refused_unread(tmp_path):
    with open(tmp_path / "sparse.pth", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(WeightsError, match=r"cannot be read \(it has more than 4294967296 bytes"):
        read_tensors(tmp_path / "sparse.pth")


# Twenty-nine times the pair of a value and itself: 2^29 steps to hash, to compare or to print.
LAUGHS = b"K\x01q\x01" + b"h\x01\x86q\x01" * 29
HUGE = b"\x8a\xff" + b"\x7f" * 255


def shared(levels):
    """A dictionary of another one, twice, and so on."""
    if not levels:
        return b"}"
    once = b"}X\x01\x00\x00\x00a" + shared(levels - 1) + b"q" + bytes([levels])
    return once + b"sX\x01\x00\x00\x00bh" + bytes([levels]) + b"s"


@pytest.mark.parametrize(
    ("value", "reason"),
    {
        "key": (b"}" + LAUGHS + b"K\x01s", "keys are no names"),
        "key among several": (b"}(X\x01\x00\x00\x00aK\x01" + LAUGHS + b"K\x01u", "keys are no"),
        "ordered": (b"ccollections\nOrderedDict\n](" + LAUGHS + b"K\x01\x86e\x85R", "keys are no"),
        "function": (LAUGHS + b")R", "calls a value that is not a function"),
        "storage": (tensor().replace(b"X\x01\x00\x00\x000", LAUGHS), "has no name or no size"),
        "shape": (tensor(shape=LAUGHS), "impossible shape"),
        "shape of huge numbers": (tensor(shape=b"(" + HUGE * 2000 + b"t"), "impossible shape"),
        "huge shape": (tensor(shape=HUGE + HUGE + b"\x86"), "impossible shape"),
        "many axes": (tensor(0, *[b"(" + b"K\x01" * 40 + b"t"] * 2), "impossible shape"),
        "name": (b"(" + b"c" + b"a" * 10**6 + b"\nb\n", "asks for aaa"),
        "depth": (b"]" * 10**4 + b"a" * (10**4 - 1), "does not hold a state dict"),
        "depth of dictionaries": (
            b"}X\x01\x00\x00\x00a" * 10**4 + b"K\x01" + b"s" * 10**4,
            "does not hold a state dict",
        ),
        "shared dictionaries": (shared(22), "does not hold a state dict"),
        "length": (b"X\xff\xff\xff\x7f", "is damaged"),
        "place in the memo": (tensor() + b"r\xff\xff\xff\x7f" + b"j\xfe\xff\xff\x7f", "is damaged"),
    }.values(),
)
def test_a_bomb_is_refused_at_once(read, value, reason):
    started = time.process_time()
    text = refusal(read, zipped(value))
    assert reason in text
    assert len(text) < 400
    assert time.process_time() - started < 5


def test_too_many_opcodes_are_refused(read, monkeypatch):
    monkeypatch.setattr(state_pickle, "_MOST_OPCODES", 1000)
    assert "too large a pickle" in refusal(read, zipped(b"]" * 1000))


def test_a_compressed_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(tensor_file, "_MOST_BYTES", 10**6)
    np.savez_compressed(tmp_path / "bomb.npz", w=np.zeros(10**6))
    with pytest.raises(WeightsError, match="unpacks to more than 4 GiB"):
        read_tensors(tmp_path / "bomb.npz")


@pytest.mark.parametrize("beside", [b"", b"X\x05\x00\x00\x00epochK\x03s"])
def test_a_state_dict_within_a_dictionary_is_read(read, beside):
    (found,) = read(zipped(NESTED + b"s" + beside + b"K\x00N")).values()
    np.testing.assert_array_equal(found, VALUES.reshape(2, 3))


def test_every_type_of_safetensors_is_read_or_refused_by_name(read):
    ones = {"BF16": b"\x80\x3f", "F8_E4M3": b"\x38", "F8_E5M2": b"\x3c", "F16": b"\x00\x3c"}
    ones |= {"I8": b"\x01", "U8": b"\x01", "BOOL": b"\x01", "U16": b"\x01\x00"}
    for kind, value in ones.items():
        found = read(safetensors(kind, value * 2), "net.safetensors")["w"]
        np.testing.assert_array_equal(found.astype("f4"), [1, 1])
    text = refusal(read, safetensors("F8_E8M0", b"\x7f\x7f"), "net.safetensors")
    assert "has w of type F8_E8M0: convert it to F32" in text


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

"""The content of PyTorch's files, read without PyTorch."""

import collections
import io
import math
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from gans_jax.weights import state_pickle
from gans_jax.weights.state_pickle import Refused, Storage, StoredTensor, shortened

_MAGIC = 0x1950A86A20F9469CFC6C
# How a pickle writes this number, in protocols 2 to 5 and in protocol 1.
_OLD = _MAGIC.to_bytes(10, "little"), str(_MAGIC).encode()
_ZIP = b"PK\x03\x04"
_TYPES: dict[str, np.dtype] = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype(jnp.bfloat16),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
    "ComplexFloatStorage": np.dtype("<c8"),
    "UntypedStorage": np.dtype("u1"),
    "float8_e4m3fn": np.dtype(jnp.float8_e4m3fn),
    "float8_e5m2": np.dtype(jnp.float8_e5m2),
}
_Bytes = Callable[[Storage], bytes | memoryview]


def read_torch(content: bytes) -> dict[str, np.ndarray]:
    """Returns the tensors by name in the content of a file of `torch.save`.

    Beside numbers and text, and at any depth of dictionaries, the file may hold one state dict.

    Raises:
      Refused: if the content is anything else. Damaged content raises other exceptions, too.
    """
    if content.startswith(_ZIP):
        value, storages = _read_zip(content)
    elif any(magic in content[:40] for magic in _OLD):
        value, storages = _read_old(content)
    else:
        raise Refused("was not written by torch.save: give a .pth or a .safetensors file")
    found = list(_state_dicts(value))
    if not found:
        raise Refused("does not hold a state dict: save `network.state_dict()`")
    if len(found) > 1:
        names = ", ".join(name for name, _ in found[:4]) + ", ..." * (len(found) > 4)
        raise Refused(f"holds several state dicts ({names}): save one of them alone")
    ((_, tensors),) = found
    return {name: _array(name, tensor, storages) for name, tensor in tensors.items()}


def _state_dicts(value: Any) -> Iterator[tuple[str, dict[str, StoredTensor]]]:
    """Yields the name and the tensors of each dictionary that has tensors by name.

    A dictionary within others counts where all keys on the way to it are names; the keys of an
    optimizer's state are numbers.
    """
    seen: set[int] = set()
    waiting = collections.deque([("the whole file", value)])
    while waiting:
        own_name, node = waiting.popleft()
        if not isinstance(node, dict) or id(node) in seen:
            continue
        seen.add(id(node))
        named = {name: child for name, child in node.items() if isinstance(name, str)}
        if tensors := {n: child for n, child in named.items() if isinstance(child, StoredTensor)}:
            yield own_name, tensors
        waiting.extend((shortened(name), child) for name, child in named.items())


def _read_zip(content: bytes) -> tuple[Any, _Bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        roots = [name.removesuffix("data.pkl") for name in entries if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise Refused("is a zip file that torch.save did not write: give a state dict")
        if f"{roots[0]}constants.pkl" in entries:
            raise Refused("is TorchScript, which is code: save `network.state_dict()`")
        if any(entry.compress_type for entry in entries.values()):
            raise Refused("is compressed, which torch.save never does: save it again")
        if sum(entry.file_size for entry in entries.values()) > len(content):
            raise Refused("is damaged: its parts are larger than it is")
        order = f"{roots[0]}byteorder"
        if order in entries and _checked(archive, order) != b"little":
            raise Refused("was saved on a big-endian machine: save it on another")
        value = state_pickle.load(io.BytesIO(_checked(archive, f"{roots[0]}data.pkl")))
        parts = {name: _checked(archive, name) for name in entries if "/data/" in name}
    return value, lambda storage: parts[f"{roots[0]}data/{storage.key}"]


def _checked(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except zipfile.BadZipFile as error:
        if "CRC-32" not in str(error):
            raise
        raise Refused(
            f"has a wrong checksum of {shortened(name)}: copy it again, or save it without "
            "`torch.serialization.set_crc32_options(False)`"
        ) from error


def _read_old(content: bytes) -> tuple[Any, _Bytes]:
    file = io.BytesIO(content)
    for _ in ("magic number", "version of the protocol", "sizes of types where it was written"):
        state_pickle.load(file)
    storages: dict[str, Storage] = {}
    value, keys = state_pickle.load(file, storages), state_pickle.load(file)
    parts = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        if not isinstance(key, str) or key not in storages or count != storages[key].size:
            raise Refused("is damaged: its storages differ from what its tensors say")
        begin, length = file.tell(), count * _dtype(storages[key].type).itemsize
        parts[key] = memoryview(content)[begin : begin + length]
        file.seek(begin + length)
    return value, lambda storage: parts[storage.key]


def _dtype(name: str) -> np.dtype:
    if name not in _TYPES:
        raise Refused(f"has a {shortened(name)}: convert its tensors to float32 and save it again")
    return _TYPES[name]


def _array(name: str, tensor: StoredTensor, storages: _Bytes) -> np.ndarray:
    """Returns a view of a storage. NumPy refuses one that reaches beyond the storage's bounds."""
    data, dtype = storages(tensor.storage), _dtype(tensor.type)
    if math.prod(tensor.shape) * dtype.itemsize > len(data):
        raise Refused(f"is damaged: its storage is too small for {shortened(name)} {tensor.shape}")
    strides = [dtype.itemsize * stride for stride in tensor.strides]
    return np.ndarray(tensor.shape, dtype, data, tensor.offset * dtype.itemsize, strides)

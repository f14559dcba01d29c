"""The content of PyTorch's files, read without PyTorch."""

import io
import math
import os
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from gans_jax.weights import state_pickle
from gans_jax.weights.state_pickle import Refused, Storage, StoredTensor

_MAGIC = 0x1950A86A20F9469CFC6C
_OLD = b"\x80\x02\x8a\x0a" + _MAGIC.to_bytes(10, "little")
_ZIP = b"PK\x03\x04"
_TYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}


def read_torch(content: bytes) -> dict[str, np.ndarray]:
    """Returns the tensors by name in the content of a file of `torch.save`.

    Raises:
      Refused: if the content is anything but a state dict. Damaged content raises other exceptions,
        too.
    """
    if content.startswith(_ZIP):
        tensors, storages = _read_zip(content)
    elif content.startswith(_OLD):
        tensors, storages = _read_old(content)
    else:
        raise Refused("was not written by torch.save: give a .pth or a .safetensors file")
    if not isinstance(tensors, dict) or not tensors:
        raise Refused("does not hold a state dict: save `network.state_dict()`")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, StoredTensor):
            raise Refused(f"holds {name!r}, which is not a tensor: save `network.state_dict()`")
    return {name: _array(name, tensor, storages) for name, tensor in tensors.items()}


def _read_zip(content: bytes) -> tuple[Any, Callable[[Storage], np.ndarray]]:
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
        if order in entries and archive.read(order) != b"little":
            raise Refused("was saved on a big-endian machine: save it on another")
        tensors = state_pickle.load(io.BytesIO(archive.read(f"{roots[0]}data.pkl")))
        prefix = f"{roots[0]}data/"
        parts = {n.removeprefix(prefix): archive.read(n) for n in entries if n.startswith(prefix)}
    return tensors, lambda storage: np.frombuffer(parts[storage.key], _dtype(storage))


def _read_old(content: bytes) -> tuple[Any, Callable[[Storage], np.ndarray]]:
    file = io.BytesIO(content)
    for _ in ("magic number", "version of the protocol", "sizes of types where it was written"):
        state_pickle.load(file)
    tensors, keys = state_pickle.load(file), state_pickle.load(file)
    found = {t.storage.key: t.storage for t in _stored(tensors)}
    places = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        if key not in found or count != found[key].size:
            raise Refused(f"is damaged: its storage {key} has another length than its tensors say")
        places[key] = file.tell()
        file.seek(count * _dtype(found[key]).itemsize, os.SEEK_CUR)
    return tensors, lambda s: np.frombuffer(content, _dtype(s), s.size, places[s.key])


def _stored(tensors: Any) -> list[StoredTensor]:
    values = tensors.values() if isinstance(tensors, dict) else ()
    return [value for value in values if isinstance(value, StoredTensor)]


def _dtype(storage: Storage) -> np.dtype:
    if storage.type not in _TYPES:
        raise Refused(f"has a {storage.type}: convert its tensors to float32 and save it again")
    return np.dtype(_TYPES[storage.type])


def _array(
    name: str, tensor: StoredTensor, storages: Callable[[Storage], np.ndarray]
) -> np.ndarray:
    """Returns a view of a storage. NumPy refuses one that reaches beyond the storage's bounds."""
    data = storages(tensor.storage)
    if math.prod(tensor.shape) > data.size or min(tensor.strides, default=0) < 0:
        raise Refused(f"is damaged: its storage is too small for {name} {tensor.shape}")
    strides = [data.itemsize * stride for stride in tensor.strides]
    return np.ndarray(tensor.shape, data.dtype, data, tensor.offset * data.itemsize, strides)

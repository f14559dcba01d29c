"""Reading and writing files of tensors by name: PyTorch's own, without PyTorch, and safetensors."""

import io
import math
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gans_jax.core import files
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


class WeightsError(ValueError):
    """Weights that are missing, damaged or of another network; the message names the file."""


def read_tensors(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The tensors by name in a state dict that `torch.save` wrote, or in a `.safetensors` file.

    Both formats of PyTorch are read, that of before 1.6 and the zip file since; a file is never
    executed, and PyTorch is not needed. The arrays are read-only views.

    Raises:
      WeightsError: if the file cannot be read, is damaged, or holds anything but named tensors.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): give the file") from error
    try:
        return (_safetensors if path.suffix == ".safetensors" else read_torch)(content)
    except Refused as error:
        raise WeightsError(f"{path} {error}") from error
    except ImportError as error:
        raise WeightsError(
            f"{path} needs the package safetensors: pip install gans_jax[interop]"
        ) from error
    except Exception as error:  # damage makes zipfile, pickletools and NumPy raise nearly anything
        raise WeightsError(f"{path} is damaged ({error}): copy or save it again") from error


def read_torch(content: bytes) -> dict[str, np.ndarray]:
    """`read_tensors` of what a file of `torch.save` holds.

    Raises:
      Refused: if it holds anything but named tensors; damage also raises other exceptions.
    """
    if content.startswith(_ZIP):
        tensors, storages = _read_zip(content)
    elif content.startswith(_OLD):
        tensors, storages = _read_old(content)
    else:
        raise Refused("is no file of PyTorch: give one of torch.save, or a .safetensors file")
    if not isinstance(tensors, dict) or not tensors:
        raise Refused("holds no state dict: save `network.state_dict()`")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, StoredTensor):
            raise Refused(f"is no state dict, for {name!r} is no tensor: save that of one network")
    return {name: _array(name, tensor, storages) for name, tensor in tensors.items()}


def _read_zip(content: bytes) -> tuple[Any, Callable[[Storage], np.ndarray]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        roots = [name.removesuffix("data.pkl") for name in entries if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise Refused("is a zip file, but not one of torch.save: give its state dict")
        if f"{roots[0]}constants.pkl" in entries:
            raise Refused("is TorchScript, which is code: save `network.state_dict()`")
        if any(entry.compress_type for entry in entries.values()):
            raise Refused("is compressed, as torch.save never is: save it again")
        if sum(entry.file_size for entry in entries.values()) > len(content):
            raise Refused("is damaged: its parts are larger than it is")
        order = f"{roots[0]}byteorder"
        if order in entries and archive.read(order) != b"little":
            raise Refused("is of a big-endian machine: save it on another")
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
        if key not in found or count != found[key].count:
            raise Refused(f"is damaged: its storage {key} has another length than its tensors say")
        places[key] = file.tell()
        file.seek(count * _dtype(found[key]).itemsize, os.SEEK_CUR)
    return tensors, lambda s: np.frombuffer(content, _dtype(s), s.count, places[s.key])


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
    """A view, which NumPy makes only within the storage's bounds."""
    data = storages(tensor.storage)
    if math.prod(tensor.shape) > data.size or min(tensor.strides, default=0) < 0:
        raise Refused(f"is damaged: its storage is too small for {name} {tensor.shape}")
    strides = [data.itemsize * stride for stride in tensor.strides]
    return np.ndarray(tensor.shape, data.dtype, data, tensor.offset * data.itemsize, strides)


def _safetensors(content: bytes) -> dict[str, np.ndarray]:
    from safetensors.numpy import load

    return load(content)


def write_tensors(path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray]) -> None:
    """Writes a state dict as a whole or not at all: `.safetensors`, or `.pth` with PyTorch's help.

    Raises:
      WeightsError: if the name has another suffix, a package is not installed, or the file cannot
        be written.
    """
    path = Path(path)
    content = _encoded(path, {name: np.array(value, order="C") for name, value in tensors.items()})
    try:
        files.write(path, content)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be written ({error.strerror}): choose another file"
        ) from error


def _encoded(path: Path, tensors: dict[str, np.ndarray]) -> bytes:
    try:
        if path.suffix == ".safetensors":
            from safetensors.numpy import save

            return save(tensors)
        if path.suffix in (".pth", ".pt"):
            import torch

            file = io.BytesIO()
            torch.save({name: torch.from_numpy(value) for name, value in tensors.items()}, file)
            return file.getvalue()
    except ImportError as error:
        raise WeightsError(
            f"{path} needs the package {error.name}: install it, or write a file with the other "
            "of the suffixes .pth and .safetensors"
        ) from error
    raise WeightsError(f"{path} must end in .pth or .safetensors: rename it")

"""Reading tensors that old versions of PyTorch saved, without PyTorch."""

import collections
import io
import pickle
from typing import Any

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C
_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_torch_pickle(content: bytes) -> dict[str, np.ndarray]:
    """The tensors by name of a state dict in the format before PyTorch 1.6, on any platform.

    Only the names of tensors, storages and ordered dictionaries are known: a file that asks for
    anything else is refused before it runs.

    Raises:
      pickle.UnpicklingError: if the content is no such file.
    """
    file = io.BytesIO(content)
    if _Unpickler(file).load() != _MAGIC:
        raise pickle.UnpicklingError("not a file of PyTorch before 1.6")
    _Unpickler(file).load()  # the version of the protocol
    _Unpickler(file).load()  # the sizes of types where it was written
    unpickler = _Unpickler(file)
    tensors = unpickler.load()
    for key in _Unpickler(file).load():
        dtype, count = unpickler.storages[key]
        if int.from_bytes(file.read(8), "little") != count:
            raise pickle.UnpicklingError(f"storage {key} is damaged")
        data = np.frombuffer(file.read(count * dtype.itemsize), dtype)
        unpickler.storages[key] = data
    return {name: tensor.array(unpickler.storages) for name, tensor in tensors.items()}


class _Tensor(collections.namedtuple("_Tensor", "key offset shape strides")):
    def array(self, storages: dict[str, np.ndarray]) -> np.ndarray:
        data = storages[self.key]
        strides = [data.itemsize * stride for stride in self.strides]
        start = self.offset * data.itemsize
        return np.ndarray(self.shape, data.dtype, data, start, strides).copy()


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, Any] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda key, offset, shape, strides, *_: _Tensor(key, offset, shape, strides)
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a tensor")

    def persistent_load(self, storage: tuple) -> str:
        _, dtype, key, _, count, _ = storage
        self.storages[key] = dtype, count
        return key

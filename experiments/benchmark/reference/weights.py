"""Weights, statistics and gradients of PyTorch networks in the layout of `gans_jax` parameters."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_LINEN_NAMES = {
    nn.Linear: "Dense",
    nn.Conv2d: "Conv",
    nn.ConvTranspose2d: "ConvTranspose",
    nn.BatchNorm2d: "BatchNorm",
    nn.GroupNorm: "LayerNorm",
}
# Of kernels, by rank: linen's axes in PyTorch's order, and PyTorch's in linen's.
_TO_TORCH = {2: (1, 0), 4: (3, 2, 0, 1)}
_TO_LINEN = {2: (1, 0), 4: (2, 3, 1, 0)}


def load(network: nn.Module, params: Mapping, batch_stats: Mapping | None = None) -> None:
    """Copies linen parameters, and running statistics if given, into a network.

    The network's layers must be used in the order in which it holds them.

    Raises:
      ValueError: if a shape is another one.
    """
    for source, places in ((params, _parameters), (batch_stats or {}, _statistics)):
        for (layer, name), tensor in places(network) if source else ():
            array = np.array(source[layer][name])
            array = array.transpose(_TO_TORCH.get(array.ndim))
            if array.shape != tuple(tensor.shape):
                raise ValueError(
                    f"{layer}/{name} is {array.shape} in PyTorch's layout, but the network has "
                    f"{tuple(tensor.shape)}: build both with the same arguments"
                )
            tensor.data.copy_(torch.from_numpy(array))


def parameters(network: nn.Module) -> dict[str, dict[str, np.ndarray]]:
    """The parameters as the nested dict of arrays that `load` takes."""
    return _nested((place, tensor) for place, tensor in _parameters(network))


def gradients(network: nn.Module) -> dict[str, dict[str, np.ndarray]]:
    """The `.grad` of all parameters in the layout of `parameters`."""
    return _nested((place, tensor.grad) for place, tensor in _parameters(network))


def running_statistics(network: nn.Module) -> dict[str, dict[str, np.ndarray]]:
    """The running means and variances of batch norm, as linen's `batch_stats`."""
    return _nested(_statistics(network))


def nchw(images: Any) -> Tensor:
    """Arrays `[n, h, w, c]` as a tensor `[n, c, h, w]` of the same type."""
    return torch.from_numpy(np.array(images).transpose(0, 3, 1, 2).copy())


def nhwc(images: Tensor) -> np.ndarray:
    """Tensors `[n, c, h, w]` as an array `[n, h, w, c]`."""
    return images.detach().permute(0, 2, 3, 1).numpy()


def _layers(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The layers that have weights, under the names that linen gives them in order of use."""
    seen = Counter()
    for layer in network.modules():
        kind = _LINEN_NAMES.get(type(layer))
        if kind:
            yield f"{kind}_{seen[kind]}", layer
            seen[kind] += 1


def _parameters(network: nn.Module) -> Iterator[tuple[tuple[str, str], Tensor]]:
    for name, layer in _layers(network):
        yield (name, "scale" if layer.weight.ndim == 1 else "kernel"), layer.weight
        if layer.bias is not None:
            yield (name, "bias"), layer.bias


def _statistics(network: nn.Module) -> Iterator[tuple[tuple[str, str], Tensor]]:
    for name, layer in _layers(network):
        if isinstance(layer, nn.BatchNorm2d):
            yield (name, "mean"), layer.running_mean
            yield (name, "var"), layer.running_var


def _nested(tensors: Any) -> dict[str, dict[str, np.ndarray]]:
    nested: dict[str, dict[str, np.ndarray]] = {}
    for (layer, name), tensor in tensors:
        array = tensor.detach().cpu().numpy().copy()
        nested.setdefault(layer, {})[name] = array.transpose(_TO_LINEN.get(array.ndim))
    return nested

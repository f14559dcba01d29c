"""Weights, statistics and gradients of PyTorch networks in the layout of `gans_jax` parameters."""

import functools
import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

Path = tuple[str, ...]
Nested = dict[str, Any]

_LINEN_NAMES = {
    nn.Linear: "Dense",
    nn.Conv2d: "Conv",
    nn.ConvTranspose2d: "ConvTranspose",
    nn.BatchNorm2d: "BatchNorm",
    nn.GroupNorm: "LayerNorm",
}
# By a kernel's rank: the axes of linen's kernel in PyTorch's order, and the other way round.
_TO_TORCH = {2: (1, 0), 4: (3, 2, 0, 1)}
_TO_LINEN = {2: (1, 0), 4: (2, 3, 1, 0)}


def load(network: nn.Module, params: Mapping, batch_stats: Mapping | None = None) -> None:
    """Copies linen parameters, and running statistics if given, into a network.

    The network's layers must be used in the order in which it holds them. Sequences and lists are
    transparent; any other module with layers of its own is a linen module named after its class.

    Raises:
      ValueError: if a parameter has another shape than the network's.
    """
    for source, places in ((params, _parameters), (batch_stats or {}, _statistics)):
        for (*layer, name), tensor in places(network) if source else ():
            array = np.array(functools.reduce(operator.getitem, (*layer, name), source))
            array = array.transpose(_TO_TORCH.get(array.ndim))
            if array.shape != tuple(tensor.shape):
                raise ValueError(
                    f"{'/'.join((*layer, name))} is {array.shape} in PyTorch's layout, but the "
                    f"network has {tuple(tensor.shape)}: build both with the same arguments"
                )
            tensor.data.copy_(torch.from_numpy(array))


def parameters(network: nn.Module) -> Nested:
    """Returns the parameters as the nested dict of arrays that `load` takes."""
    return _nested((place, tensor) for place, tensor in _parameters(network))


def gradients(network: nn.Module) -> Nested:
    """Returns the `.grad` of all parameters in the layout of `parameters`."""
    return _nested((place, tensor.grad) for place, tensor in _parameters(network))


def running_statistics(network: nn.Module) -> Nested:
    """Returns the running means and variances of batch norm, as linen's `batch_stats`."""
    return _nested(_statistics(network))


def nchw(images: Any) -> Tensor:
    """Returns an array `[n, h, w, c]` as a tensor `[n, c, h, w]` of the same type."""
    return torch.from_numpy(np.array(images).transpose(0, 3, 1, 2).copy())


def nhwc(images: Tensor) -> np.ndarray:
    """Returns a tensor `[n, c, h, w]` as an array `[n, h, w, c]`."""
    return images.detach().permute(0, 2, 3, 1).numpy()


def _layers(network: nn.Module, path: Path = ()) -> Iterator[tuple[Path, nn.Module]]:
    """Yields the layers with weights, and the paths that linen gives them in order of use."""
    seen = Counter()
    for layer in _children(network):
        kind = _LINEN_NAMES.get(type(layer), type(layer).__name__)
        place = (*path, f"{kind}_{seen[kind]}")
        seen[kind] += 1
        if type(layer) in _LINEN_NAMES:
            yield place, layer
        else:
            yield from _layers(layer, place)


def _children(network: nn.Module) -> Iterator[nn.Module]:
    for child in network.children():
        transparent = isinstance(child, nn.Sequential | nn.ModuleList)
        yield from _children(child) if transparent else (child,)


def _parameters(network: nn.Module) -> Iterator[tuple[Path, Tensor]]:
    for path, layer in _layers(network):
        yield (*path, "scale" if layer.weight.ndim == 1 else "kernel"), layer.weight
        if layer.bias is not None:
            yield (*path, "bias"), layer.bias


def _statistics(network: nn.Module) -> Iterator[tuple[Path, Tensor]]:
    for path, layer in _layers(network):
        if isinstance(layer, nn.BatchNorm2d):
            yield (*path, "mean"), layer.running_mean
            yield (*path, "var"), layer.running_var


def _nested(tensors: Iterable[tuple[Path, Tensor]]) -> Nested:
    nested: Nested = {}
    for (*path, name), tensor in tensors:
        array = tensor.detach().cpu().numpy().copy()
        scope = functools.reduce(lambda scope, key: scope.setdefault(key, {}), path, nested)
        scope[name] = array.transpose(_TO_LINEN.get(array.ndim))
    return nested

"""DCGAN in plain PyTorch, and its weights and gradients in the layout of `gans_jax` parameters.

Images are `[n, c, h, w]` here: `nchw` and `nhwc` convert them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

Norm = Literal["batch", "layer", "none"]

_LINEN_NAMES = {
    nn.Conv2d: "Conv",
    nn.ConvTranspose2d: "ConvTranspose",
    nn.BatchNorm2d: "BatchNorm",
    nn.GroupNorm: "LayerNorm",
}


def generator(
    size: int, channels: int, features: int, z_size: int, norm: Norm = "batch"
) -> nn.Sequential:
    """Noise to images, `[n, z_size] -> [n, channels, size, size]` in [-1, 1]."""
    start, doublings = _stages(size)
    bias = norm == "none"
    width = features * 2 ** (doublings - 1)
    layers = [nn.Unflatten(1, (z_size, 1, 1))]
    layers += [nn.ConvTranspose2d(z_size, width, start, bias=bias), *_norm(norm, width), nn.ReLU()]
    for _ in range(doublings - 1):
        layers += [nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=bias)]
        layers += [*_norm(norm, width // 2), nn.ReLU()]
        width //= 2
    layers += [nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=bias), nn.Tanh()]
    return nn.Sequential(*layers)


def discriminator(size: int, channels: int, features: int, norm: Norm = "batch") -> nn.Sequential:
    """Images to logits, `[n, channels, size, size] -> [n]`."""
    start, doublings = _stages(size)
    bias = norm == "none"
    layers = [nn.Conv2d(channels, features, 4, 2, 1, bias=bias), nn.LeakyReLU(0.2)]
    width = features
    for _ in range(doublings - 1):
        layers += [nn.Conv2d(width, 2 * width, 4, 2, 1, bias=bias)]
        layers += [*_norm(norm, 2 * width), nn.LeakyReLU(0.2)]
        width *= 2
    layers += [nn.Conv2d(width, 1, start, bias=bias), nn.Flatten(0)]
    return nn.Sequential(*layers)


def load(network: nn.Module, params: Mapping, batch_stats: Mapping | None = None) -> None:
    """Copies linen parameters, and running statistics if given, into a network of this file."""
    for source, places in ((params, _parameters), (batch_stats or {}, _statistics)):
        for (layer, name), tensor in places(network) if source else ():
            array = np.array(source[layer][name])
            if array.ndim == 4:
                array = array.transpose(3, 2, 0, 1)
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


def _stages(size: int) -> tuple[int, int]:
    doublings = 0
    while size >= 8:
        size, doublings = size // 2, doublings + 1
    return size, doublings


def _norm(norm: Norm, width: int) -> list[nn.Module]:
    """Layer norm over height, width and channels is group norm with one group."""
    layers = {"batch": nn.BatchNorm2d, "layer": lambda width: nn.GroupNorm(1, width)}
    return [layers[norm](width)] if norm != "none" else []


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
        array = tensor.detach().numpy().copy()
        nested.setdefault(layer, {})[name] = (
            array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
        )
    return nested

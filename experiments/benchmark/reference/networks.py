"""DCGAN and multilayer perceptrons in plain PyTorch."""

import math
from collections.abc import Sequence
from typing import Literal

from torch import nn

Norm = Literal["batch", "layer", "none"]


def dcgan_generator(
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


def dcgan_discriminator(
    size: int, channels: int, features: int, norm: Norm = "batch"
) -> nn.Sequential:
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


def mlp_generator(size: int, channels: int, features: Sequence[int], z_size: int) -> nn.Sequential:
    """ReLU layers from noise to images, `[n, z_size] -> [n, channels, size, size]` in [-1, 1]."""
    shape = channels, size, size
    layers = _hidden(z_size, features)
    layers += [nn.Linear(features[-1], math.prod(shape)), nn.Unflatten(1, shape), nn.Tanh()]
    return nn.Sequential(*layers)


def mlp_discriminator(size: int, channels: int, features: Sequence[int]) -> nn.Sequential:
    """ReLU layers from images to logits, `[n, channels, size, size] -> [n]`."""
    layers = [nn.Flatten(), *_hidden(channels * size * size, features)]
    layers += [nn.Linear(features[-1], 1), nn.Flatten(0)]
    return nn.Sequential(*layers)


def _stages(size: int) -> tuple[int, int]:
    doublings = 0
    while size >= 8:
        size, doublings = size // 2, doublings + 1
    return size, doublings


def _norm(norm: Norm, width: int) -> list[nn.Module]:
    """Layer norm over height, width and channels is group norm with one group."""
    layers = {"batch": nn.BatchNorm2d, "layer": lambda width: nn.GroupNorm(1, width)}
    return [layers[norm](width)] if norm != "none" else []


def _hidden(inputs: int, features: Sequence[int]) -> list[nn.Module]:
    layers = []
    for width in features:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return layers

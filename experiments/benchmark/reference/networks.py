"""DCGAN, multilayer perceptrons and the networks of pix2pix and CycleGAN in plain PyTorch.

Generators return images in [-1, 1].
"""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Norm = Literal["batch", "instance", "layer", "none"]


def dcgan_generator(
    size: int, channels: int, features: int, z_size: int, norm: Norm = "batch"
) -> nn.Sequential:
    """Returns a network from noise to images, `[n, z_size] -> [n, channels, size, size]`."""
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
    """Returns a network from images to logits, `[n, channels, size, size] -> [n]`."""
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
    """Returns ReLU layers from noise to images, `[n, z_size] -> [n, channels, size, size]`."""
    shape = channels, size, size
    layers = _hidden(z_size, features)
    layers += [nn.Linear(features[-1], math.prod(shape)), nn.Unflatten(1, shape), nn.Tanh()]
    return nn.Sequential(*layers)


def mlp_discriminator(size: int, channels: int, features: Sequence[int]) -> nn.Sequential:
    """Returns ReLU layers from images to logits, `[n, channels, size, size] -> [n]`."""
    layers = [nn.Flatten(), *_hidden(channels * size * size, features)]
    layers += [nn.Linear(features[-1], 1), nn.Flatten(0)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """A network that halves an image with each of `down` and doubles it with each of `up`."""

    def __init__(self, down: list[nn.Module], up: list[nn.Module], skip: bool) -> None:
        super().__init__()
        self.down, self.up, self.skip = nn.ModuleList(down), nn.ModuleList(up), skip

    def forward(self, x: Tensor) -> Tensor:
        encoded = []
        for block in self.down:
            x = block(x)
            encoded.append(x)
        encoded.pop()
        for block in self.up:
            x = block(x)
            if self.skip and encoded:
                x = torch.cat([encoded.pop(), x], 1)
        return x


def unet_generator(
    size: int,
    inputs: int,
    channels: int,
    features: int,
    norm: Norm = "batch",
    dropout: float = 0.5,
    skip: bool = True,
) -> UNet:
    """Returns a U-Net from images to images, `[n, inputs, h, w] -> [n, channels, h, w]`."""
    downs = int(math.log2(size))
    bias = norm in ("instance", "none")
    widths = [features * min(2**layer, 8) for layer in range(downs)]
    down = [nn.Conv2d(inputs, features, 4, 2, 1, bias=bias)]
    for layer in range(1, downs):
        conv = nn.Conv2d(widths[layer - 1], widths[layer], 4, 2, 1, bias=bias)
        after = _norm(norm, widths[layer]) if layer < downs - 1 else []
        down += [nn.Sequential(nn.LeakyReLU(0.2), conv, *after)]
    up = []
    for layer in range(downs - 1, 0, -1):
        width = widths[layer] * (2 if skip and layer < downs - 1 else 1)
        conv = nn.ConvTranspose2d(width, widths[layer - 1], 4, 2, 1, bias=bias)
        after = _norm(norm, widths[layer - 1])
        after += [nn.Dropout(dropout)] if 4 <= layer < downs - 1 else []
        up += [nn.Sequential(nn.ReLU(), conv, *after)]
    conv = nn.ConvTranspose2d(features * (2 if skip else 1), channels, 4, 2, 1)
    return UNet(down, [*up, nn.Sequential(nn.ReLU(), conv, nn.Tanh())], skip)


class ResNetBlock(nn.Module):
    """Two convolutions whose result is added to their input."""

    def __init__(self, width: int, norm: Norm) -> None:
        super().__init__()
        bias = norm in ("instance", "none")
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3, bias=bias),
            *_norm(norm, width),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3, bias=bias),
            *_norm(norm, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def resnet_generator(
    inputs: int, channels: int, features: int, blocks: int, norm: Norm = "instance"
) -> nn.Sequential:
    """Returns a ResNet from images to images, `[n, inputs, h, w] -> [n, channels, h, w]`."""
    bias = norm in ("instance", "none")
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, features, 7, bias=bias)]
    layers += [*_norm(norm, features), nn.ReLU()]
    for width in (features, 2 * features):
        layers += [nn.Conv2d(width, 2 * width, 3, 2, 1, bias=bias)]
        layers += [*_norm(norm, 2 * width), nn.ReLU()]
    layers += [ResNetBlock(4 * features, norm) for _ in range(blocks)]
    for width in (2 * features, features):
        layers += [nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1, bias=bias)]
        layers += [*_norm(norm, width), nn.ReLU()]
    layers += [nn.ReflectionPad2d(3), nn.Conv2d(features, channels, 7), nn.Tanh()]
    return nn.Sequential(*layers)


def patchgan(inputs: int, features: int, layers: int, norm: Norm = "batch") -> nn.Sequential:
    """Returns a network from images to logits of patches, `[n, inputs, h, w] -> [n, 1, h', w']`."""
    bias = norm in ("instance", "none")
    modules = [nn.Conv2d(inputs, features, 4, 2, 1), nn.LeakyReLU(0.2)]
    width = features
    for layer in range(1, layers + 1):
        wider, stride = features * min(2**layer, 8), 2 if layer < layers else 1
        modules += [nn.Conv2d(width, wider, 4, stride, 1, bias=bias)]
        modules += [*_norm(norm, wider), nn.LeakyReLU(0.2)]
        width = wider
    return nn.Sequential(*modules, nn.Conv2d(width, 1, 4, 1, 1))


def _stages(size: int) -> tuple[int, int]:
    doublings = 0
    while size >= 8:
        size, doublings = size // 2, doublings + 1
    return size, doublings


def _norm(norm: Norm, width: int) -> list[nn.Module]:
    """Returns the layer of a norm; layer norm of images is group norm with one group."""
    layers = {
        "batch": nn.BatchNorm2d,
        "instance": nn.InstanceNorm2d,
        "layer": lambda width: nn.GroupNorm(1, width),
    }
    return [layers[norm](width)] if norm != "none" else []


def _hidden(inputs: int, features: Sequence[int]) -> list[nn.Module]:
    layers = []
    for width in features:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return layers

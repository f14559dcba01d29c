"""The names of layers in this package and in pix2pix's and CycleGAN's PyTorch code.

That code is junyanz/pytorch-CycleGAN-and-pix2pix, `models/networks.py`. Its names are paths to
layers in nested `nn.Sequential`s, which count activations and padding, too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from gans_jax.networks import (
    PatchGANDiscriminator,
    PixelGANDiscriminator,
    ResNetGenerator,
    UNetGenerator,
)

Generator: TypeAlias = ResNetGenerator | UNetGenerator
Discriminator: TypeAlias = PatchGANDiscriminator | PixelGANDiscriminator

KINDS = (ResNetGenerator, UNetGenerator, PatchGANDiscriminator, PixelGANDiscriminator)

CONV, TRANSPOSE, NORM = "Conv", "ConvTranspose", "BatchNorm"


class Layer(NamedTuple):
    """A layer with weights.

    Attributes:
      theirs: its name in PyTorch.
      ours: its path in linen's parameters.
    """

    theirs: str
    ours: tuple[str, ...]


def layers(network: Generator | Discriminator, dropout: bool = False) -> list[Layer]:
    """Returns the layers with weights in their order of use, with batch norm in place of any norm.

    Args:
      network: a network that the PyTorch code has, too.
      dropout: whether residual blocks in PyTorch have dropout, which moves their last two layers.
    """
    if isinstance(network, ResNetGenerator):
        found = _resnet(network.blocks, dropout)
    elif isinstance(network, UNetGenerator):
        found = _unet(network.size.bit_length() - 1)
    elif isinstance(network, PatchGANDiscriminator):
        found = _patchgan(network.layers)
    else:
        found = _pixelgan()
    return list(_numbered(found))


def _numbered(layers: Iterable[tuple[str, ...]]) -> Iterator[Layer]:
    """Numbers the layers of each kind within the module that holds them, as linen does."""
    seen: Counter[tuple[str, ...]] = Counter()
    for theirs, *path in layers:
        number = seen[tuple(path)]
        seen[tuple(path)] += 1
        yield Layer(theirs, (*path[:-1], f"{path[-1]}_{number}"))


def _resnet(blocks: int, dropout: bool) -> Iterator[tuple[str, ...]]:
    for index in (1, 4, 7):
        yield f"model.{index}", CONV
        yield f"model.{index + 1}", NORM
    second = 6 if dropout else 5
    for block in range(blocks):
        place, within = f"model.{10 + block}.conv_block", f"ResNetBlock_{block}"
        for index in (1, second):
            yield f"{place}.{index}", within, CONV
            yield f"{place}.{index + 1}", within, NORM
    end = 10 + blocks
    for index in (end, end + 3):
        yield f"model.{index}", TRANSPOSE
        yield f"model.{index + 1}", NORM
    yield f"model.{end + 7}", CONV


def _unet(downs: int) -> Iterator[tuple[str, ...]]:
    """Yields the layers of nested blocks, each of which holds the next between its own layers."""
    yield "model.model.0", CONV
    inside = ["model.model.1.model"]
    for _ in range(downs - 2):
        yield f"{inside[-1]}.1", CONV
        yield f"{inside[-1]}.2", NORM
        inside.append(f"{inside[-1]}.3.model")
    innermost = inside.pop()
    yield f"{innermost}.1", CONV
    yield f"{innermost}.3", TRANSPOSE
    yield f"{innermost}.4", NORM
    for place in reversed(inside):
        yield f"{place}.5", TRANSPOSE
        yield f"{place}.6", NORM
    yield "model.model.3", TRANSPOSE


def _patchgan(strided: int) -> Iterator[tuple[str, ...]]:
    yield "model.0", CONV
    for layer in range(strided):
        yield f"model.{3 * layer + 2}", CONV
        yield f"model.{3 * layer + 3}", NORM
    yield f"model.{3 * strided + 2}", CONV


def _pixelgan() -> Iterator[tuple[str, ...]]:
    yield "net.0", CONV
    yield "net.2", CONV
    yield "net.3", NORM
    yield "net.5", CONV

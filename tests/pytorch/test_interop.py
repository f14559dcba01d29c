"""Weights of pix2pix's and CycleGAN's PyTorch networks, taken over and given back."""

import jax
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn

from experiments.benchmark.reference import networks, weights
from gans_jax.tools.interop.state_dicts import from_pytorch, to_pytorch
from gans_jax.weights import read_tensors, write_tensors
from tests.support import tiny

pytestmark = pytest.mark.torch


class Named(nn.Module):
    """A network whose layers have the names that those of the authors' code have."""

    def __init__(self, model: nn.Module, name: str = "model") -> None:
        super().__init__()
        self.name = name
        self.add_module(name, model)

    def forward(self, x):
        return getattr(self, self.name)(x)


class Residual(nn.Module):
    def __init__(self, block: networks.ResNetBlock, dropout: bool) -> None:
        super().__init__()
        layers = list(block.layers)
        self.conv_block = nn.Sequential(*layers[:-3], *[nn.Dropout()] * dropout, *layers[-3:])

    def forward(self, x):
        return x + self.conv_block(x)


class Nested(nn.Module):
    """A level of the U-Net around the next, whose input it gives on beside its output."""

    def __init__(self, layers: list[nn.Module], outermost: bool = False) -> None:
        super().__init__()
        self.model, self.outermost = nn.Sequential(*layers), outermost

    def forward(self, x):
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


def resnet(blocks, norm, dropout=False):
    layers = networks.resnet_generator(3, 2, 2, blocks, norm)
    kinds = networks.ResNetBlock
    return Named(
        nn.Sequential(*(Residual(x, dropout) if isinstance(x, kinds) else x for x in layers))
    )


def unet(size, norm):
    flat = networks.unet_generator(size, 3, 2, 2, norm)
    level: list[nn.Module] = []
    pairs = list(zip(reversed(flat.down), flat.up, strict=True))
    for index, (down, up) in enumerate(pairs):
        outermost = index == len(pairs) - 1
        layers = [down] if outermost else list(down)
        inside = [Nested(level, outermost=False)] if level else []
        level = [*layers, *inside, *up]
        if not outermost:
            level[0] = nn.LeakyReLU(0.2, inplace=True)  # which also changes what is given on
    return Named(Nested(level, outermost=True))


def pixel(norm):
    kind = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d}[norm]
    bias = norm == "instance"
    first, second = nn.Conv2d(3, 2, 1), nn.Conv2d(2, 4, 1, bias=bias)
    last = nn.Conv2d(4, 1, 1, bias=bias)
    relu = nn.LeakyReLU(0.2)
    return Named(nn.Sequential(first, relu, second, kind(4), relu, last), "net")


CASES = {
    "resnet_9blocks": (lambda: resnet(9, "instance"), 20),
    "resnet_6blocks": (lambda: resnet(6, "batch"), 16),
    "resnet_6blocks dropout": (lambda: resnet(6, "instance", dropout=True), 16),
    "unet_256": (lambda: unet(256, "batch"), 256),
    "unet_128": (lambda: unet(128, "instance"), 128),
    "basic": (lambda: Named(networks.patchgan(3, 2, 3, "instance")), 26),
    "n_layers": (lambda: Named(networks.patchgan(3, 2, 2, "batch")), 16),
    "pixel": (lambda: pixel("batch"), 5),
    "pixel instance": (lambda: pixel("instance"), 5),
}


def trained(module: nn.Module) -> nn.Module:
    """Random weights and statistics, none of which is trivial; ready to translate."""
    torch.manual_seed(0)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            low, high = (0.5, 1.5) if "running_var" in name else (-0.3, 0.4)
            few = 3.0 if tensor.shape[2:] == (1, 1) else 1.0  # weights in a sum
            nn.init.uniform_(tensor, few * low, few * high)
    return module.eval()


@pytest.mark.parametrize("case", CASES)
def test_outputs_agree_there_and_back(case, tmp_path) -> None:
    build, side = CASES[case]
    module, name = trained(build()), case.split()[0]
    path = tmp_path / "latest_net.pth"
    torch.save(module.state_dict(), path)
    network, params, batch_stats, inputs = from_pytorch(name, read_tensors(path))
    assert inputs == 3
    x = np.random.default_rng(0).uniform(-1, 1, (2, side, side, 3)).astype("float32")
    found = {"params": params, "batch_stats": batch_stats}
    with jax.enable_x64(False):
        outputs = tiny.jit(network.apply)(found, x)
    with torch.no_grad():
        expected = module(weights.nchw(x))
    assert expected.std() > 1e-2
    assert np.abs(outputs - weights.nhwc(expected)).max() < 1e-4 * expected.abs().max()

    back = build() if "dropout" not in case else resnet(6, "instance")
    write_tensors(path, to_pytorch(network, params, batch_stats))
    back.load_state_dict(torch.load(path, weights_only=True), strict=True)
    with torch.no_grad():
        assert torch.equal(back.eval()(weights.nchw(x)), expected)

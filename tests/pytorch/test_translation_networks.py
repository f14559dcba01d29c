"""The networks of pix2pix, CycleGAN and Attention-GAN on the weights of PyTorch networks."""

import jax
import jax.numpy as jnp
import pytest

torch = pytest.importorskip("torch")

from experiments.benchmark.reference import networks, weights
from gans_jax.core import Player, apply
from gans_jax.networks import (
    AttentionNetwork,
    PatchGANDiscriminator,
    ResNetGenerator,
    UNetGenerator,
)
from gans_jax.networks.layers import ResizeConv
from tests.pytorch.double import load, normal, uniform, variables
from tests.support import tiny

pytestmark = pytest.mark.torch

_X64 = {"dtype": "float64"}


def _resnet(blocks, norm):
    network = ResNetGenerator(2, 3, blocks, norm, **_X64)
    return network, networks.resnet_generator(3, 2, 3, blocks, norm)


def _unet(size, norm, skip=True):
    network = UNetGenerator(size, 2, 2, norm, skip=skip, **_X64)
    return network, networks.unet_generator(size, 3, 2, 2, norm, dropout=0.0, skip=skip)


def _patchgan(layers, norm):
    network = PatchGANDiscriminator(2, layers, norm, **_X64)
    return network, networks.patchgan(3, 2, layers, norm)


def _attention():
    module = networks.resnet_generator(3, 1, 3, 6)
    module[-1] = torch.nn.Sigmoid()
    return AttentionNetwork(features=3, dtype="float64"), module


def _resize():
    pad = torch.nn.ReflectionPad2d(1)
    module = torch.nn.Sequential(torch.nn.Upsample(scale_factor=2), pad, torch.nn.Conv2d(3, 4, 3))
    return ResizeConv(4, use_bias=True, **_X64), module


_FORMS = {
    "resnet_6": (_resnet(6, "instance"), (16, 24)),
    "resnet_batch": (_resnet(1, "batch"), (12, 8)),
    "resnet_none": (_resnet(1, "none"), (12, 8)),
    "unet_batch": (_unet(32, "batch"), (32, 64)),
    "unet_instance": (_unet(32, "instance"), (32, 32)),
    "unet_layer": (_unet(8, "layer"), (8, 24)),
    "encoder_decoder": (_unet(32, "batch", skip=False), (32, 32)),
    "patchgan_70": (_patchgan(3, "batch"), (33, 26)),
    "patchgan_34": (_patchgan(2, "instance"), (15, 12)),
    "patchgan_wide": (_patchgan(4, "none"), (48, 48)),
    "attention": (_attention(), (16, 12)),
    "resize": (_resize(), (5, 4)),
}


@pytest.mark.parametrize("name", _FORMS)
def test_values_and_gradients(name) -> None:
    (network, module), side = _FORMS[name]
    x = uniform(2, *side, 3, seed=1)
    shapes = jax.eval_shape(network.init, jax.random.key(0), x)
    player = Player(variables(shapes["params"]), variables(shapes.get("batch_stats", {})), ())
    module = load(module, player)
    x_torch = weights.nchw(x).requires_grad_()
    expected = module(x_torch)
    cotangent = normal(*weights.nhwc(expected).shape, seed=2)
    expected.backward(weights.nchw(cotangent))

    @tiny.jit
    def run(params, x):
        y, pullback = jax.vjp(
            lambda params, x: apply(network, player._replace(params=params), x, train=True)[0],
            params,
            x,
        )
        return y, pullback(cotangent)

    images, (params_gradient, x_gradient) = run(player.params, jnp.asarray(x))
    assert images.std() > 1e-3
    tiny.assert_close(images, weights.nhwc(expected), 1e-10)
    tiny.assert_close(x_gradient, weights.nhwc(x_torch.grad), 1e-10)
    theirs = weights.gradients(module)
    assert jax.tree.structure(theirs) == jax.tree.structure(params_gradient)
    scale = max(abs(leaf).max() for leaf in jax.tree.leaves(theirs))
    for ours, leaf in zip(jax.tree.leaves(params_gradient), jax.tree.leaves(theirs), strict=True):
        # Of a bias before instance norm the gradient is zero, and here nothing but rounding.
        assert abs(ours - leaf).max() < 1e-10 * scale


@pytest.mark.parametrize("blocks", [6, 9])
@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_full_size_networks_have_the_same_layers(blocks, norm) -> None:
    """Shapes alone, of the networks that a user's weights come from."""
    pairs = [
        (ResNetGenerator(3, 64, blocks, norm), networks.resnet_generator(3, 3, 64, blocks, norm)),
        (PatchGANDiscriminator(64, 3, norm), networks.patchgan(3, 64, 3, norm)),
        (UNetGenerator(256, 3, 64, norm), networks.unet_generator(256, 3, 3, 64, norm)),
    ]
    x = jnp.zeros((1, 256, 256, 3), "float32")
    for network, module in pairs if blocks == 9 else pairs[:1]:
        ours = jax.eval_shape(network.init, jax.random.key(0), x)["params"]
        shapes = jax.tree.map(lambda leaf: leaf.shape, weights.parameters(module))
        assert shapes == jax.tree.map(lambda leaf: leaf.shape, ours)

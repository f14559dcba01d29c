"""DCGAN's networks on the weights of PyTorch networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from experiments.benchmark.reference import networks, weights
from gans_jax.core import Player, apply
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from tests.pytorch.double import load, normal, uniform, variables
from tests.support import tiny

pytestmark = pytest.mark.torch

_BATCH, _Z = 3, 7
_FORMS = [
    (28, 1, 5, "batch"),
    (32, 3, 4, "batch"),
    (64, 3, 3, "batch"),
    (28, 3, 4, "none"),
    (32, 1, 3, "layer"),
]


def _generator(size, channels, features, norm):
    network = DCGANGenerator(size, channels, features, norm, dtype="float64")
    return network, networks.dcgan_generator(size, channels, features, _Z, norm)


def _discriminator(size, channels, features, norm):
    network = DCGANDiscriminator(features, norm, dtype="float64")
    return network, networks.dcgan_discriminator(size, channels, features, norm)


def _player(network, x) -> Player:
    shapes = jax.eval_shape(network.init, jax.random.key(0), x)
    return Player(variables(shapes["params"]), variables(shapes.get("batch_stats", {})), ())


def _forward_and_backward(network, player, x):
    """The outputs, and the gradients of params and inputs for a random cotangent."""

    def outputs(params, x):
        return apply(network, player._replace(params=params), x, train=True)[0]

    @tiny.jit
    def run(params, x, cotangent):
        y, pullback = jax.vjp(outputs, params, x)
        return y, pullback(cotangent)

    x = jnp.asarray(x)
    cotangent = normal(*jax.eval_shape(outputs, player.params, x).shape, seed=2)
    return *run(player.params, x, cotangent), cotangent


@pytest.mark.parametrize(("size", "channels", "features", "norm"), _FORMS)
def test_generator(size, channels, features, norm) -> None:
    network, module = _generator(size, channels, features, norm)
    z = normal(_BATCH, _Z, seed=1)
    player = _player(network, z)
    images, (params_gradient, z_gradient), cotangent = _forward_and_backward(network, player, z)

    module, z = load(module, player), torch.from_numpy(z).requires_grad_()
    expected = module(z)
    expected.backward(weights.nchw(cotangent))
    tiny.assert_close(images, weights.nhwc(expected), 1e-10)
    tiny.assert_close(params_gradient, weights.gradients(module), 1e-10)
    tiny.assert_close(z_gradient, z.grad.numpy(), 1e-10)


@pytest.mark.parametrize(("size", "channels", "features", "norm"), _FORMS)
def test_discriminator(size, channels, features, norm) -> None:
    network, module = _discriminator(size, channels, features, norm)
    x = uniform(_BATCH, size, size, channels, seed=1)
    player = _player(network, x)
    logits, (params_gradient, x_gradient), cotangent = _forward_and_backward(network, player, x)

    module, x = load(module, player), weights.nchw(x).requires_grad_()
    expected = module(x)
    expected.backward(torch.from_numpy(cotangent))
    tiny.assert_close(logits, expected.detach().numpy(), 1e-10)
    tiny.assert_close(params_gradient, weights.gradients(module), 1e-10)
    tiny.assert_close(x_gradient, weights.nhwc(x.grad), 1e-10)


def _trained(network, player, z):
    """The running statistics after one forward pass in training mode."""
    return tiny.jit(lambda player, z: apply(network, player, z, train=True)[1])(player, z)


def test_running_statistics() -> None:
    """PyTorch's momentum, but of the biased variance: PyTorch's has the factor n / (n - 1)."""
    network, module = _generator(28, 1, 4, "batch")
    passes = [normal(_BATCH, _Z, seed=seed) for seed in range(2)]
    player = _player(network, passes[0])
    module = load(module, player)
    for z in passes:
        player = player._replace(batch_stats=_trained(network, player, z))
        module(torch.from_numpy(z))

    expected = weights.running_statistics(module)
    for layer, side in {"BatchNorm_0": 7, "BatchNorm_1": 14}.items():
        ours, n = player.batch_stats[layer], _BATCH * side * side
        np.testing.assert_allclose(ours["mean"], expected[layer]["mean"], rtol=1e-10, atol=1e-14)
        increment, torch_increment = ours["var"] - 0.81, expected[layer]["var"] - 0.81
        np.testing.assert_allclose(torch_increment, increment * n / (n - 1), rtol=1e-10)


def test_inference_on_running_statistics() -> None:
    network, module = _generator(28, 1, 4, "batch")
    z, other_z = normal(_BATCH, _Z, seed=1), normal(_BATCH, _Z, seed=2)
    player = _player(network, z)
    player = player._replace(batch_stats=_trained(network, player, z))
    images = tiny.jit(lambda player, z: apply(network, player, z)[0])(player, other_z)
    expected = load(module, player).eval()(torch.from_numpy(other_z))
    assert images.std() > 0.01, "an image of zeros would agree with any statistics"
    tiny.assert_close(images, weights.nhwc(expected), 1e-10)

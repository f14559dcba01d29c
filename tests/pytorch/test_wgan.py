"""WGAN and WGAN-GP against plain PyTorch on the same weights, data and noise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from experiments.benchmark.reference import weights
from gans_jax import WGAN, WGANGP, penalties, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from tests.pytorch import double
from tests.support import tiny

pytestmark = pytest.mark.torch

_BATCH = 4


def _networks(norm):
    return (
        DCGANGenerator(double.SIZE, double.CHANNELS, double.FEATURES, dtype="float64"),
        DCGANDiscriminator(double.FEATURES, norm, dtype="float64"),
        priors.Uniform(double.Z_SIZE),
    )


def _rmsprop(network):
    return torch.optim.RMSprop(network.parameters(), lr=5e-5, alpha=0.99, eps=1e-8)


def _backward(network, loss) -> dict:
    network.zero_grad()
    loss.backward()
    return weights.gradients(network)


def _clamp(network) -> None:
    for parameter in network.parameters():
        parameter.data.clamp_(-0.01, 0.01)


def _train_critic(critic, generator, reals, zs, clip_first):
    """WGAN's critic updates; returns the gradients of each and the last estimate."""
    optimizer, gradients = _rmsprop(critic), []
    for real, z in zip(reals, zs, strict=True):
        if clip_first:
            _clamp(critic)
        fake = generator(double.tensor(z)).detach()
        distance = critic(weights.nchw(real)).mean() - critic(fake).mean()
        gradients.append(_backward(critic, -distance))
        optimizer.step()
        if not clip_first:
            _clamp(critic)
    return gradients, distance.item()


@pytest.mark.parametrize(
    ("norm", "clip_first"), [("batch", False), ("none", False), ("none", True)]
)
def test_wgan_iteration(norm, clip_first) -> None:
    """The gradients of all six updates, and the parameters after the iteration."""
    networks = _networks(norm)
    optimizer = double.recording(WGAN(*networks).optimizer, 5)
    method = WGAN(*networks, optimizer=optimizer, clip_first=clip_first)
    state, key = double.initial(method), jax.random.key(2)
    batch = {"image": double.images(5, _BATCH)}
    after, metrics = tiny.jit(method.step)(state, batch, key)

    generator = double.load_generator(state.generator)
    critic = double.load_discriminator(state.critic, norm)
    *zs, z = (double.draw(method, k, _BATCH)[0] for k in jax.random.split(key, 6))
    gradients, distance = _train_critic(critic, generator, batch["image"], zs, clip_first)
    np.testing.assert_allclose(metrics["wasserstein"], distance, rtol=1e-10)
    for update, expected in enumerate(gradients):
        tiny.assert_close(double.recorded(after.critic, update), expected, 1e-10)
    tiny.assert_close(after.critic.params, weights.parameters(critic), 1e-7)
    _check_statistics(after.critic.batch_stats, weights.running_statistics(critic))

    expected = _backward(generator, -critic(generator(double.tensor(z))).mean())
    tiny.assert_close(double.recorded(after.generator, -1), expected, 1e-10)
    _rmsprop(generator).step()
    tiny.assert_close(after.generator.params, weights.parameters(generator), 1e-7)


def _check_statistics(batch_stats, expected) -> None:
    """Clipping leaves these alone. The variances are of another kind (test_dcgan.py)."""
    assert set(batch_stats) == set(expected)
    for layer, statistics in batch_stats.items():
        tiny.assert_close(statistics["mean"], expected[layer]["mean"], 1e-7)
        assert statistics["var"].min() > 0.01


@pytest.mark.parametrize("norm", ["none", "layer"])
def test_wgan_gp_critic_loss(norm) -> None:
    """The penalty's gradient in the parameters is a second derivative of the critic."""
    method = WGANGP(*_networks(norm))
    state, real = double.initial(method), double.images(_BATCH)
    z, key = double.draw(method, jax.random.key(3), _BATCH)

    def loss(params):
        return method.critic_loss(state.critic._replace(params=params), state.generator, *rest)

    rest = (real, z, key)
    compiled = tiny.jit(jax.value_and_grad(loss, has_aux=True))
    (value, (_, metrics, _)), gradients = compiled(state.critic.params)

    line_key, _ = jax.random.split(jax.random.split(key, 3)[2])
    u = penalties.between(jnp.zeros((_BATCH, 1)), jnp.ones((_BATCH, 1)), line_key)
    critic = double.load_discriminator(state.critic, norm)
    fake = double.load_generator(state.generator)(double.tensor(z)).detach()
    expected, penalty = _penalised_loss(critic, weights.nchw(real), fake, double.tensor(u))
    np.testing.assert_allclose(value, expected.item(), rtol=1e-10)
    np.testing.assert_allclose(metrics["gradient_penalty"], penalty.item(), rtol=1e-10)
    tiny.assert_close(gradients, _backward(critic, expected), 1e-10)


def _penalised_loss(critic, real, fake, u):
    x = (real + u[:, :, None, None] * (fake - real)).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    penalty = 10 * ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()
    return critic(fake).mean() - critic(real).mean() + penalty, penalty

"""GAN with three losses against plain PyTorch on the same weights, data and noise."""

import jax
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F

from experiments.benchmark.reference import weights
from gans_jax import GAN, losses, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from tests.pytorch import double
from tests.support import tiny

pytestmark = pytest.mark.torch

_BATCH = 6


def _cross_entropy(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def _half_squares(logits, target):
    return F.mse_loss(logits, torch.full_like(logits, target)) / 2


# Each loss, and in PyTorch the discriminator's of (real, fake) and the generator's of (fake).
_LOSSES = {
    "non_saturating": (
        losses.NonSaturating(),
        lambda real, fake: _cross_entropy(real, 1) + _cross_entropy(fake, 0),
        lambda fake: _cross_entropy(fake, 1),
    ),
    "least_squares": (
        losses.LeastSquares(),
        lambda real, fake: _half_squares(real, 1) + _half_squares(fake, 0),
        lambda fake: _half_squares(fake, 1),
    ),
    "hinge": (
        losses.Hinge(),
        lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
        lambda fake: -fake.mean(),
    ),
}


def _method(loss) -> GAN:
    networks = (
        DCGANGenerator(double.SIZE, double.CHANNELS, double.FEATURES, dtype="float64"),
        DCGANDiscriminator(double.FEATURES, dtype="float64"),
    )
    optimizer = double.recording(GAN(*networks).optimizer, 1)
    return GAN(*networks, priors.Uniform(double.Z_SIZE), loss, optimizer=optimizer)


def _check_descent(player, loss, network, expected) -> None:
    """A step of Adam with DCGAN's settings: its loss, its gradients, the parameters after it."""
    network.zero_grad()
    expected.backward()
    torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999)).step()
    np.testing.assert_allclose(loss, expected.item(), rtol=1e-10)
    tiny.assert_close(double.recorded(player, 0), weights.gradients(network), 1e-10)
    tiny.assert_close(player.params, weights.parameters(network), 1e-7)


@pytest.mark.parametrize("name", _LOSSES)
def test_gan_iteration(name) -> None:
    loss, discriminator_loss, generator_loss = _LOSSES[name]
    method = _method(loss)
    state, key = double.initial(method), jax.random.key(2)
    batch = {"image": double.images(1, _BATCH)}
    after, metrics = tiny.jit(method.step)(state, batch, key)

    generator = double.load_generator(state.generator)
    discriminator = double.load_discriminator(state.discriminator)
    z, next_z = (double.tensor(double.draw(method, k, _BATCH)[0]) for k in jax.random.split(key))
    on_real = discriminator(weights.nchw(batch["image"][0]))
    on_fake = discriminator(generator(z).detach())
    assert on_real.min() < 1 < on_real.max(), "both sides of the hinge's margin are to be seen"
    expected = discriminator_loss(on_real, on_fake)
    _check_descent(after.discriminator, metrics["discriminator_loss"], discriminator, expected)
    expected = generator_loss(discriminator(generator(next_z)))
    _check_descent(after.generator, metrics["generator_loss"], generator, expected)

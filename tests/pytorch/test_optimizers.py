"""The methods' optimizers against the PyTorch optimizers that the original codes use."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

torch = pytest.importorskip("torch")

from gans_jax import GAN, WGAN, WGANGP
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from tests.pytorch.double import normal
from tests.support import tiny

pytestmark = pytest.mark.torch

_NETWORKS = (MLPGenerator(), MLPDiscriminator())
_CASES = {
    "wgan": (WGAN(*_NETWORKS), torch.optim.RMSprop, {"lr": 5e-5, "alpha": 0.99, "eps": 1e-8}),
    "gan": (GAN(*_NETWORKS), torch.optim.Adam, {"lr": 2e-4, "betas": (0.5, 0.999)}),
    "wgan_gp": (WGANGP(*_NETWORKS), torch.optim.Adam, {"lr": 1e-4, "betas": (0.0, 0.9)}),
}


@pytest.mark.parametrize("name", _CASES)
def test_fifty_steps(name: str) -> None:
    """Gradients from 1e-10 to 1e2, so that both the ratio and the epsilon are seen; some are 0."""
    method, torch_optimizer, arguments = _CASES[name]
    gradients = normal(50, 64) * np.logspace(-10, 2, 64)
    gradients[:, ::16] = 0
    gradients[::2, 1::16] = 0

    optimizer = method.optimizer(method.learning_rate)
    update = tiny.jit(optimizer.update)
    params = jnp.zeros(64)
    opt_state = optimizer.init(params)
    weight = torch.zeros(64, dtype=torch.float64)
    expected = torch_optimizer([weight], **arguments)
    for gradient in gradients:
        updates, opt_state = update(jnp.asarray(gradient), opt_state, params)
        params = optax.apply_updates(params, updates)
        weight.grad = torch.from_numpy(gradient)
        expected.step()
        np.testing.assert_allclose(params, weight, rtol=1e-12, atol=1e-18)
    assert np.abs(params).max() > 10 * arguments["lr"]

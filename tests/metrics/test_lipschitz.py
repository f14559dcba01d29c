import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import WGAN, core, penalties, priors
from gans_jax.metrics import clipped_lipschitz_bound, earth_mover, lipschitz_bound
from gans_jax.networks import DCGANDiscriminator, MLPDiscriminator, MLPGenerator, ResidualCritic32
from gans_jax.networks.layers import Conv
from tests.support import tiny

KEY = jax.random.key(0)


def parameters(network: nn.Module, shape: tuple[int, ...]):
    """Standard normal parameters, drawn without running the network."""
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(network.init, KEY, jnp.zeros((1, *shape)))["params"]
    return jax.tree.map(lambda leaf: rng.standard_normal(leaf.shape).astype("float32"), shapes)


CRITICS = {
    "mlp": (MLPDiscriminator((8, 8), activation="leaky_relu"), (2,)),
    "maxout": (MLPDiscriminator((8,), activation="maxout", dropout=0.5), (2,)),
    "dcgan": (DCGANDiscriminator(2, norm="none"), (8, 8, 1)),
}


@pytest.mark.parametrize("name", CRITICS)
def test_no_slope_is_above_the_bound(name):
    network, shape = CRITICS[name]
    x = jax.random.normal(KEY, (200, *shape))
    params = penalties.clip_weights(parameters(network, shape), 0.5)
    slopes = tiny.jit(
        lambda params: penalties.slopes(lambda x: network.apply({"params": params}, x), x)
    )(params)
    assert 0 < slopes.max() <= lipschitz_bound(network, params, x)
    assert lipschitz_bound(network, params, x) <= clipped_lipschitz_bound(network, 0.5, x)


def test_a_critic_with_all_weights_at_the_clip_reaches_the_bound():
    network, x = MLPDiscriminator((8, 8)), jnp.ones((1, 3))
    params = jax.tree.map(lambda leaf: jnp.full_like(leaf, 0.1), network.init(KEY, x)["params"])
    slope = penalties.slopes(lambda x: network.apply({"params": params}, x), x)
    by_hand = 0.1**3 * np.sqrt(3) * 8 * 8
    assert float(slope[0]) == pytest.approx(by_hand, rel=1e-6)
    assert clipped_lipschitz_bound(network, 0.1, x) == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(4, 2, 1), (3, 1, 1), (5, 2, 2)])
def test_the_bound_of_a_convolution_is_above_its_norm_but_near(kernel, stride, padding):
    chain = nn.Sequential([Conv(3, kernel, stride, padding)])
    params = jax.tree.map(np.ones_like, parameters(chain, (8, 8, 2)))
    x = jnp.eye(128).reshape(128, 8, 8, 2)
    matrix = tiny.jit(chain.apply)({"params": params}, x).reshape(128, -1)
    largest = np.linalg.norm(matrix, 2)
    assert largest <= lipschitz_bound(chain, params, x) <= 1.5 * largest


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (ResidualCritic32(4), (1, 32, 32, 3)),
        (DCGANDiscriminator(2, norm="instance"), (1, 16, 16, 1)),
        (tiny.Discriminator(), (1, 8, 8, 1)),
    ],
    ids=["residual", "instance norm", "batch norm"],
)
def test_networks_that_are_no_chain_are_refused(network, shape):
    with pytest.raises(ValueError, match="take one without norms and blocks"):
        clipped_lipschitz_bound(network, 0.1, jnp.zeros(shape))


def test_the_estimate_of_a_wgan_is_at_most_k_times_the_distance():
    network = MLPDiscriminator((8,))
    generator = MLPGenerator((2,), features=(4,))
    wgan = WGAN(generator, network, prior=priors.Normal(2), clip=0.1, learning_rate=0.05)
    real = jax.random.normal(KEY, (60, 64, 2)) + 3
    state = tiny.jit(wgan.init)(KEY, {"image": real[:1]})
    update = lambda critic, real, key: wgan.update_critic(critic, state, real, key)
    keys = jax.random.split(KEY, 60)
    critic, _ = tiny.jit(lambda *args: core.repeat_update(update, *args))(state.critic, real, keys)
    z = wgan.prior(KEY, 64)
    _, aux = tiny.jit(wgan.critic_loss)(critic, state.generator, real[0], z, KEY)
    distance = earth_mover(real[0], tiny.jit(wgan.generate)(state, z)).distance
    limit = clipped_lipschitz_bound(network, wgan.clip, real[0]) * distance
    assert 0.3 * limit < aux.metrics["wasserstein"] <= limit

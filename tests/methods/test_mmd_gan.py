"""MMD GAN against its formulas."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gans_jax import MMDGAN, core, priors
from gans_jax.core import kernels
from gans_jax.networks import DCGANEncoder, DCGANGenerator, EncoderDecoder
from tests.support import tiny

KEY = jax.random.key(0)
SIGMAS = (1.0, 2.0, 4.0, 8.0, 16.0)
METHOD = MMDGAN(
    tiny.Generator(),
    EncoderDecoder(tiny.Encoder(), tiny.Generator()),
    prior=priors.Uniform(8),
    n_critic=2,
    warmup=False,
)


def test_the_discrepancy_by_hand():
    x, y = jnp.array([[0.0], [2.0]]), jnp.array([[0.0], [0.0]])
    # The kernel is 1 at distance 0 and exp(-2) at distance 2.
    near, far = 1, np.exp(-2)
    expected = (near + far) / 2 + near - 2 * (near + far) / 2
    np.testing.assert_allclose(kernels.squared_mmd(x, y, (1.0,)), expected, rtol=1e-6)


def authors_distance(x, y, rank_weight=16.0):
    """sqrt(relu(biased MMD^2)) + 16 * rg, in float64."""

    def mean_kernel(a, b):
        squared = ((a[:, None] - b[None]) ** 2).sum(-1)
        return sum(np.exp(-squared / (2 * sigma**2)) for sigma in SIGMAS).mean()

    squared = mean_kernel(x, x) + mean_kernel(y, y) - 2 * mean_kernel(x, y)
    rg = -np.maximum(-(x.mean(0) - y.mean(0)), 0).mean()
    return np.sqrt(max(squared, 0)) + rank_weight * rg


@pytest.mark.parametrize("shift", [-1.0, 0.0, 1.0])
def test_the_distance_in_numpy(shift):
    x, y = np.random.default_rng(0).normal(size=(2, 16, 5)).astype("f4")
    y += np.float32(shift)
    value, metrics = METHOD.distance(x, y)
    np.testing.assert_allclose(value, authors_distance(*np.float64([x, y])), atol=1e-5)
    assert (metrics["rank"] < 0) or shift < 0


def test_equal_codes_have_a_finite_gradient():
    codes = jnp.ones((4, 3))
    value, gradients = tiny.jit(jax.value_and_grad(lambda x: METHOD.distance(x, x)[0]))(codes)
    assert value == 0
    assert np.isfinite(gradients).all()
    assert kernels.safe_root(jnp.float32(-1)) == 0


def test_the_product_keeps_full_precision():
    codes = jax.ShapeDtypeStruct((4, 3), "f4")
    text = jax.jit(kernels.squared_mmd, static_argnums=2).lower(codes, codes, (1.0,)).as_text()
    assert text.count("precision = [HIGHEST, HIGHEST]") == text.count("stablehlo.dot_general") == 3


def test_the_critics_loss_in_numpy():
    state = tiny.jit(METHOD.init)(KEY, {"image": tiny.images(3, 4)})
    real, z = np.float32(tiny.images(4)) / 127.5 - 1, METHOD.prior(KEY, 4)
    generator_key, critic_key = jax.random.split(KEY)
    fake = core.Passes(METHOD.generator, state.generator, generator_key)(z)
    run, codes, reconstruction = core.Passes(METHOD.critic, state.critic, critic_key), [], 0.0
    for x in (real, fake):
        codes.append(run(x, method="encode"))
        again = run(codes[-1], method="decode")
        reconstruction += np.square(np.float64(again) - x).mean()
    expected = 8 * reconstruction - authors_distance(*np.float64(codes))
    loss, (_, metrics, _) = METHOD.critic_loss(state.critic, state.generator, real, z, KEY)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    np.testing.assert_allclose(metrics["reconstruction"], reconstruction, rtol=1e-5)


def test_only_the_encoder_is_clipped_and_before_the_update():
    method = dataclasses.replace(METHOD, optimizer=optax.sgd, learning_rate=1e-6, clip=0.02)
    batch = {"image": tiny.images(3, 4)}
    state = tiny.jit(method.init)(KEY, batch)
    after, _ = tiny.jit(method.step)(state, batch, KEY)
    clipped = jax.tree.map(lambda w: np.clip(w, -0.02, 0.02), state.critic.params["encoder"])
    largest = lambda tree: max(float(jnp.abs(w).max()) for w in jax.tree.leaves(tree))
    change = jax.tree.map(lambda a, b: a - b, after.critic.params["encoder"], clipped)
    assert 0 < largest(change) < 1e-3
    assert largest(after.critic.params["encoder"]) > 0.02
    assert largest(after.critic.params["decoder"]) > 0.1


def test_an_iteration_takes_one_minibatch_more_than_critic_updates():
    method = dataclasses.replace(METHOD, n_critic=5, warmup=True)
    assert [len(method.minibatches(t)) for t in (0, 24, 25, 499, 500)] == [101, 101, 6, 6, 101]
    for t in (1, 25, 26, 501, 1001):
        taken = sum(len(method.minibatches(i)) for i in range(t))
        assert method.minibatches(t).start == taken


def test_one_example_and_a_critic_without_an_encoder_are_refused():
    state = jax.eval_shape(METHOD.init, KEY, {"image": tiny.images(3, 4)})
    with pytest.raises(ValueError, match="MMDGAN couples the examples of a batch, of which 1"):
        jax.eval_shape(METHOD.step, state, {"image": tiny.images(3, 1)}, KEY)
    method = dataclasses.replace(METHOD, critic=tiny.Discriminator())
    with pytest.raises(ValueError, match="MMD GAN clips its critic's encoder"):
        jax.eval_shape(method.init, KEY, {"image": tiny.images(3, 4)})


def test_dcgans_networks_are_its_auto_encoder():
    critic = EncoderDecoder(DCGANEncoder(12, 8), DCGANGenerator(28, 1, 8))
    x = jax.ShapeDtypeStruct((2, 28, 28, 1), "f4")
    variables = jax.eval_shape(critic.init, KEY, x)
    assert set(variables["params"]) == {"encoder", "decoder"}
    codes = jax.eval_shape(lambda v, x: critic.apply(v, x, method="encode"), variables, x)
    assert codes.shape == (2, 12)

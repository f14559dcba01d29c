"""What adversarial autoencoders and their priors state beyond the conformance suite."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import AdversarialAutoencoder, core, priors
from gans_jax.metrics import energy_distance
from gans_jax.networks import (
    EncoderDecoder,
    GaussianEncoder,
    MLPDiscriminator,
    MLPGenerator,
    UniversalEncoder,
)
from tests.support import tiny

KEY = jax.random.key(0)
AUTOENCODER = EncoderDecoder(MLPGenerator((2,), (8,), "linear"), MLPGenerator((8, 8, 1), (8,)))
PLAIN = AdversarialAutoencoder(AUTOENCODER, MLPDiscriminator((8,)))
LABELLED = AdversarialAutoencoder(
    AUTOENCODER, MLPDiscriminator((8,)), prior=priors.GaussianMixture(4), labels=4
)
BATCH = {"image": tiny.images(6), "label": np.array([0, 3, -1, 1, 2, -1], np.int32)}


def dense(params, *names):
    for name in names:
        params = params[name]
    return np.float64(params["kernel"]), np.float64(params["bias"])


def mlp(x, params, last):
    """Two layers of NumPy, ReLU between them."""
    w, b = dense(params, "Dense_0")
    v, c = dense(params, "Dense_1")
    return last(np.maximum(x.reshape(len(x), -1) @ w + b, 0) @ v + c)


def softplus(x):
    return np.log1p(np.exp(x))


def test_losses_by_numpy():
    state = tiny.jit(LABELLED.init)(KEY, BATCH)
    x, z, label = LABELLED.given(BATCH, KEY)
    params, judge = state.autoencoder.params, state.discriminator.params
    images = np.float64(BATCH["image"]) / 127.5 - 1
    code = mlp(images, params["encoder"], lambda y: y)
    again = mlp(code, params["decoder"], np.tanh).reshape(images.shape)
    loss, _ = LABELLED.autoencoder_loss(state.autoencoder, x, KEY)
    np.testing.assert_allclose(loss, ((images - again) ** 2).mean(), rtol=1e-5)

    one_hot = np.eye(5)[[0, 3, 4, 1, 2, 4]]  # the last place is that of unknown labels
    on_real, on_fake = (
        mlp(np.concatenate((y, one_hot), 1), judge, lambda y: y)[:, 0] for y in (z, code)
    )
    shown = [jnp.concatenate((y, label), axis=1) for y in (z, jnp.float32(code))]
    loss, (_, metrics, _) = LABELLED.discriminator_loss(state.discriminator, *shown, KEY)
    np.testing.assert_allclose(loss, softplus(-on_real).mean() + softplus(on_fake).mean(), 1e-5)
    np.testing.assert_allclose(metrics["logit_real"], on_real.mean(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(metrics["logit_fake"], on_fake.mean(), rtol=1e-5, atol=1e-6)
    rest = state.discriminator, x, label, KEY
    loss, _ = LABELLED.encoder_loss(state.autoencoder, *rest)
    np.testing.assert_allclose(loss, softplus(-on_fake).mean(), rtol=1e-5)


def test_deceiving_moves_the_encoder_alone():
    state = tiny.jit(PLAIN.init)(KEY, BATCH)
    x, _, label = PLAIN.given(BATCH, KEY)

    def loss(params, other):
        players = state.autoencoder, state.discriminator
        players = (p._replace(params=q) for p, q in zip(players, (params, other), strict=True))
        return PLAIN.encoder_loss(*players, x, label, KEY)[0]

    given = state.autoencoder.params, state.discriminator.params
    autoencoder, judge = tiny.jit(jax.grad(loss, (0, 1)))(*given)
    moved = {name: np.abs(np.ravel(g)).max() for name, g in tiny.leaves(autoencoder).items()}
    for name, largest in moved.items():
        assert (largest > 0) == ("encoder" in name), name
    assert not any(g.any() for g in tiny.leaves(judge).values())


def test_the_second_phase_has_an_optimizer_of_its_own():
    state = tiny.jit(PLAIN.init)(KEY, BATCH)
    after, _ = tiny.jit(PLAIN.step)(state, BATCH, KEY)
    x, *_ = PLAIN.given(BATCH, jax.random.split(KEY, 5)[0])
    moments = after.encoder_opt_state[0].mu
    assert not any(m.any() for m in tiny.leaves(moments["decoder"]).values())
    assert all(m.any() for m in tiny.leaves(moments["encoder"]).values())
    objective = lambda p: PLAIN.autoencoder_loss(state.autoencoder._replace(params=p), x, KEY)[0]
    expected = jax.tree.map(
        lambda g: 0.1 * g, tiny.jit(jax.grad(objective))(state.autoencoder.params)
    )
    tiny.assert_close(after.autoencoder.opt_state[0].mu, expected, 1e-4)


def test_codes_reconstructions_and_samples():
    state = tiny.jit(PLAIN.init)(KEY, BATCH)
    codes = PLAIN.encode(state, BATCH["image"])
    assert codes.shape == (6, 2)
    again = PLAIN.reconstruct(state, core.as_float(BATCH["image"]))
    np.testing.assert_allclose(again, PLAIN.generate(state, codes), rtol=1e-6)
    z = PLAIN.prior(KEY, 3)
    np.testing.assert_allclose(PLAIN.sample(state, KEY, 3), PLAIN.generate(state, z), rtol=1e-6)


def test_a_gaussian_posterior_by_numpy():
    """Draws around the mean with the encoder's std, in each phase; without a key, the means."""
    encoder = GaussianEncoder(MLPGenerator((4,), (8,), "linear"))
    autoencoder = EncoderDecoder(encoder, MLPGenerator((8, 8, 1), (8,)))
    method = AdversarialAutoencoder(autoencoder, MLPDiscriminator((8,)))
    state = tiny.jit(method.init)(KEY, BATCH)
    params = state.autoencoder.params
    inner = params["encoder"]["encoder"]
    inner["Dense_1"]["bias"] = jnp.array([0.0, 0.0, -1.0, 0.5])
    images = np.float64(BATCH["image"]) / 127.5 - 1
    mean, log_std = np.split(mlp(images, inner, lambda y: y), 2, axis=1)
    codes = method.encode(state, BATCH["image"])
    np.testing.assert_allclose(codes, mean, rtol=1e-4, atol=1e-6)

    keys = jax.random.split(KEY, 2000)
    draws = tiny.jit(jax.vmap(lambda key: method.encode(state, BATCH["image"], key)))(keys)
    noise = (np.asarray(draws) - mean) / np.exp(log_std)
    np.testing.assert_allclose(noise.mean((0, 1)), 0, atol=0.03)
    np.testing.assert_allclose(noise.std((0, 1)), 1, rtol=0.03)
    assert len(np.unique(noise[0])) == noise[0].size
    x, *_ = method.given(BATCH, KEY)
    first, second = (method.autoencoder_loss(state.autoencoder, x, key)[0] for key in keys[:2])
    assert first != second


def test_a_universal_posterior_has_its_noise_at_the_input():
    encoder = UniversalEncoder(MLPGenerator((2,), (8,), "linear"), noise=3)
    autoencoder = EncoderDecoder(encoder, MLPGenerator((8, 8, 1), (8,)))
    method = AdversarialAutoencoder(autoencoder, MLPDiscriminator((8,)))
    state = tiny.jit(method.init)(KEY, BATCH)
    inner = state.autoencoder.params["encoder"]["encoder"]
    assert inner["Dense_0"]["kernel"].shape == (64 + 3, 8)
    images = np.float64(BATCH["image"]).reshape(6, -1) / 127.5 - 1
    without = mlp(np.pad(images, ((0, 0), (0, 3))), inner, lambda y: y)
    codes = method.encode(state, BATCH["image"])
    np.testing.assert_allclose(codes, without, rtol=1e-4, atol=1e-6)
    drawn = np.asarray(method.encode(state, BATCH["image"], KEY))
    assert np.abs(drawn - without).mean() > 0.05


@pytest.mark.slow
def test_learns_to_put_each_label_into_its_component():
    """Blobs in a plane, to codes of three Gaussians: the claim of the paper's section 2.3."""
    method = AdversarialAutoencoder(
        EncoderDecoder(
            MLPGenerator((2,), (64, 64), "linear"), MLPGenerator((2,), (64, 64), "linear")
        ),
        MLPDiscriminator((64, 64)),
        prior=priors.GaussianMixture(3),
        labels=3,
    )
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, (1500, 100)).astype(np.int32)
    centres = np.float32([[2, 0], [0, 0], [-2, 0]])  # in a row, not on a circle
    batches = {"image": centres[label] + rng.normal(0, 0.2, (1500, 100, 2)).astype("f4")}
    batches["label"] = np.where(rng.random(label.shape) < 0.5, label, -1).astype(np.int32)

    @jax.jit
    def train(state):
        keys = jax.random.split(KEY, 1500)
        return jax.lax.scan(lambda s, x: method.step(s, *x), state, (batches, keys))[0]

    first = jax.tree.map(lambda x: x[0], batches)
    state = tiny.jit(method.init)(KEY, first)
    untrained, state = state, train(state)
    angles = 2 * np.pi * np.arange(3) / 3
    places = 3 * np.stack((np.cos(angles), np.sin(angles)), 1)

    def share(state):
        codes = np.asarray(method.encode(state, first["image"]))
        return (np.linalg.norm(codes[:, None] - places, axis=-1).argmin(1) == label[0]).mean()

    assert share(untrained) < 0.8 < 0.97 < share(state)
    codes = np.asarray(method.encode(state, first["image"]))
    draws = np.asarray(method.prior(jax.random.key(1), 100))
    assert energy_distance(codes, draws) < 0.2
    again = method.reconstruct(state, first["image"])
    assert np.square(again - first["image"]).mean() < 0.05


def test_errors():
    with pytest.raises(ValueError, match=r"prior.components is 12, but labels is 10"):
        AdversarialAutoencoder(
            AUTOENCODER, MLPDiscriminator(), prior=priors.GaussianMixture(12), labels=10
        )
    with pytest.raises(ValueError, match=r"prior.components is 0, but labels is 10"):
        AdversarialAutoencoder(AUTOENCODER, MLPDiscriminator(), labels=10)
    with pytest.raises(ValueError, match="the batch has no `label`"):
        jax.eval_shape(LABELLED.init, KEY, {"image": BATCH["image"]})
    odd = EncoderDecoder(GaussianEncoder(AUTOENCODER.decoder.clone(shape=(3,))), tiny.Generator())
    with pytest.raises(ValueError, match="the encoder returns 3 values"):
        jax.eval_shape(AdversarialAutoencoder(odd, MLPDiscriminator()).init, KEY, BATCH)
    wide = AdversarialAutoencoder(AUTOENCODER, MLPDiscriminator(), prior=priors.Normal(3))
    with pytest.raises(ValueError, match=r"codes of shape \(2,\), but the prior draws \(3,\)"):
        jax.eval_shape(wide.init, KEY, BATCH)
    with pytest.raises(ValueError, match=r"\(8, 8, 1\), but the data have \(9, 9, 1\)"):
        jax.eval_shape(PLAIN.init, KEY, {"image": np.zeros((4, 9, 9, 1), np.uint8)})


def test_each_component_of_a_mixture():
    """In the frame of its own angle: the radius and the two standard deviations."""
    prior, labels = priors.GaussianMixture(5, 2.0, (0.5, 0.1)), np.arange(5).repeat(4000)
    z = np.asarray(tiny.jit(prior.given)(KEY, labels)).reshape(5, 4000, 2)
    for component, points in enumerate(z):
        along = np.exp(2j * np.pi * component / 5)
        turned = (points[:, 0] + 1j * points[:, 1]) / along
        np.testing.assert_allclose([turned.real.mean(), turned.imag.mean()], [2, 0], atol=0.03)
        np.testing.assert_allclose([turned.real.std(), turned.imag.std()], [0.5, 0.1], rtol=0.05)
    whole = np.asarray(prior(KEY, 5000))
    nearest = np.round(np.angle(whole[:, 0] + 1j * whole[:, 1]) * 5 / (2 * np.pi)) % 5
    assert np.bincount(nearest.astype(int), minlength=5).min() > 900


def test_each_piece_of_a_swiss_roll():
    """Along a roll without noise the radius tells the place, and all places are as likely."""
    prior, labels = priors.SwissRoll(4, radius=3.0, turns=2.0, std=0.0), np.arange(4).repeat(2000)
    z = np.asarray(tiny.jit(prior.given)(KEY, labels)).reshape(4, 2000, 2)
    place = (np.linalg.norm(z, axis=2) / 3) ** 2
    for piece, within in enumerate(place * 4 - np.arange(4)[:, None]):
        assert -1e-4 <= within.min() < 0.05, piece
        assert 0.95 < within.max() <= 1 + 1e-4, piece
        np.testing.assert_allclose(within.mean(), 0.5, atol=0.03)
    angle = np.angle(z[..., 0] + 1j * z[..., 1])
    turns = 2 * np.sqrt(place) - angle / (2 * np.pi)
    np.testing.assert_allclose(turns, turns.round(), atol=1e-4)
    noisy = np.asarray(priors.SwissRoll(4, std=0.3).given(KEY, labels)).reshape(4, 2000, 2)
    assert np.linalg.norm(noisy[0], axis=1).min() < 0.2


@pytest.mark.parametrize("prior", [priors.GaussianMixture(), priors.SwissRoll()])
def test_the_first_draws_do_not_depend_on_their_number(prior):
    np.testing.assert_array_equal(prior(KEY, 8)[:3], prior(KEY, 3))
    labels = np.arange(8, dtype=np.int32)
    np.testing.assert_allclose(prior.given(KEY, labels)[:3], prior.given(KEY, labels[:3]), 1e-6)


def test_normal_noise_has_its_standard_deviation():
    z = np.asarray(priors.Normal(3, std=5.0)(KEY, 4000))
    np.testing.assert_allclose(z.std(), 5, rtol=0.03)
    np.testing.assert_allclose(z, 5 * priors.Normal(3)(KEY, 4000), rtol=1e-6)

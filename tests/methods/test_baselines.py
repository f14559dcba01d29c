"""What the baselines of translation state beyond the conformance suite."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gans_jax import BiGAN, CoGAN, DistanceGAN, PretrainedSimGAN, SimGAN, core, losses, priors
from gans_jax.methods import Scale, distance_gan
from gans_jax.networks import GaussianEncoder, MLPGenerator
from tests.support import tiny

KEY = jax.random.key(0)
BATCH = {"a": tiny.images(4), "b": tiny.images(4, seed=1)}
A, B = (core.as_float(images) for images in BATCH.values())
SMOOTH = tiny.Painter(batch_norm=False, dropout=0.0)
# One module object in two places would be one network.
TRANSLATOR = tiny.Translator(SMOOTH, SMOOTH.clone())
PATCHES = tiny.Patches(batch_norm=False)
PATCHLESS = tiny.Discriminator(batch_norm=False)


def test_distances():
    images = jnp.array([0.0, 1.0, 3.0])[:, None, None, None] * jnp.ones((3, 2, 4, 1))
    np.testing.assert_allclose(distance_gan.distances(images), [1, 3, 2])
    halves = jnp.concatenate((images, -images), axis=2)
    np.testing.assert_allclose(distance_gan.self_distances(halves), [0, 2, 6])
    scale = distance_gan.scale_of(images)
    np.testing.assert_allclose([scale.mean, scale.std], [2, np.sqrt(2 / 3)], rtol=1e-6)
    assert distance_gan.scale_of(halves, halves=True).mean == pytest.approx(8 / 3)
    np.testing.assert_allclose(Scale(2.0, 0.5)(jnp.array([3.0])), [2])
    with pytest.raises(ValueError, match="use two or more, or halves=True"):
        distance_gan.distances(images[:1])


@pytest.mark.parametrize("halves", [False, True])
def test_distance_gans_terms(halves):
    scales = {"scale_a": Scale(0.5, 0.1), "scale_b": Scale(0.6, 0.2)}
    method = DistanceGAN(TRANSLATOR, PATCHES, halves=halves, distance_weight=3.0, **scales)
    state = tiny.jit(method.init)(KEY, BATCH)
    loss, (_, metrics, (fake_a, fake_b)) = method.translator_loss(*state[1:4], BATCH, KEY)
    measure = distance_gan.self_distances if halves else distance_gan.distances
    on_a = jnp.abs((measure(A) - 0.5) / 0.1 - (measure(fake_b) - 0.6) / 0.2).mean()
    on_b = jnp.abs((measure(B) - 0.6) / 0.2 - (measure(fake_a) - 0.5) / 0.1).mean()
    np.testing.assert_allclose([metrics["distance_a"], metrics["distance_b"]], [on_a, on_b], 1e-4)
    assert "cycle_a" not in metrics
    expected = 3 * (on_a + on_b) + metrics["adversarial_a"] + metrics["adversarial_b"]
    np.testing.assert_allclose(loss, expected, rtol=1e-4)


def test_simgans_feature_loss():
    """The mean colour as the feature: what keeps it costs nothing."""
    features = lambda images: images.mean(axis=(1, 2))
    method = SimGAN(SMOOTH, PATCHES, weight=2.0, features=features)
    state = tiny.jit(method.init)(KEY, {name: images[None] for name, images in BATCH.items()})
    loss, (_, metrics, _) = method.refiner_loss(state.refiner, state.discriminator, A, KEY)
    refined = method.translate(state, BATCH["a"])
    expected = jnp.abs(features(refined) - features(A)).mean()
    np.testing.assert_allclose(metrics["content"], expected, rtol=1e-5)
    np.testing.assert_allclose(loss, metrics["adversarial"] + 2 * expected, rtol=1e-5)
    assert expected < 0.9 * jnp.abs(refined - A).mean()


def test_simgans_refiner_may_have_several_features():
    features = lambda images: (images, 2 * images)
    method = SimGAN(SMOOTH, PATCHES, features=features)
    state = tiny.jit(method.init)(KEY, {name: images[None] for name, images in BATCH.items()})
    _, (_, metrics, _) = method.refiner_loss(state.refiner, state.discriminator, A, KEY)
    distance = jnp.abs(method.translate(state, BATCH["a"]) - A).mean()
    np.testing.assert_allclose(metrics["content"], 3 * distance, rtol=1e-5)


def test_simgans_pre_training():
    """One refiner by its distance alone, then one discriminator alone, then both: 1, 1 and 3."""
    method = PretrainedSimGAN(
        SMOOTH, PATCHES, refiner_pretraining=2, discriminator_pretraining=1, optimizer=optax.sgd
    )
    taken = [method.minibatches(t) for t in range(5)]
    assert [*map(len, taken)] == [1, 1, 1, 3, 3]
    assert [i for minibatches in taken for i in minibatches] == list(range(9))
    one, three = (
        {name: tiny.images(k, 4, seed=seed) for seed, name in enumerate("ab")} for k in (1, 3)
    )
    states = [tiny.jit(method.init)(KEY, one)]
    step = tiny.jit(method.step)
    for t in range(4):
        states.append(step(states[-1], three if t == 3 else one, KEY)[0])
    moved = [
        [
            any((x != y).any() for x, y in zip(*map(jax.tree.leaves, pair), strict=True))
            for pair in zip(before[1:3], after[1:3], strict=True)
        ]
        for before, after in itertools.pairwise(states)
    ]
    assert moved == [[True, False], [True, False], [False, True], [True, True]]
    assert [int(state.history.count) for state in states] == [0, 0, 0, 4, 8]

    a = core.as_float(one["a"][0])
    distance = lambda params: jnp.abs(SMOOTH.apply({"params": params}, a) - a).mean()
    old = states[0].refiner.params
    with pytest.raises(ValueError, match="takes 3 minibatches, but the batch has 1"):
        jax.eval_shape(SimGAN(SMOOTH, PATCHES).step, states[0], one, KEY)
    expected = jax.tree.map(lambda p, g: p - 2e-4 * 10 * g, old, jax.grad(distance)(old))
    tiny.assert_close(states[1].refiner.params, expected, 1e-6)


def test_simgan_counts_its_minibatches():
    method = SimGAN(tiny.Painter(), tiny.Patches(), k_refiner=3, k_discriminator=2)
    assert len(method.minibatches(7)) == 5
    assert method.minibatches(7).start == 35


def test_cogan_translates_by_the_noise_it_finds():
    """Images that it made itself, whose twins are known."""
    method = CoGAN(tiny.Twins(), tiny.TwinDiscriminators(), priors.Normal(3), search=300)
    state = tiny.jit(method.init)(KEY, BATCH)
    made = method.pairs(state, method.prior(jax.random.key(1), 4))
    other = method.pairs(state, method.prior(jax.random.key(2), 4))
    for index, direction in enumerate(("a_to_b", "b_to_a")):
        options = {"direction": direction, "deterministic": True}
        translate = tiny.jit(functools.partial(method.translate, **options))
        twin, found = made[1 - index], translate(state, made[index])
        assert jnp.abs(found - twin).mean() < 0.2 * jnp.abs(other[1 - index] - twin).mean()
    sample = method.sample(state, KEY, 2)
    assert sample.shape == (2, 8, 16, 1)


def test_bigans_translator_exchanges_the_pairs():
    """For least squares: it wants 1 on what it generates and 0 on what it encodes."""
    translator = tiny.Translator(tiny.Encoder(), tiny.Generator())
    loss = losses.LeastSquares(discriminator_scale=1.0)
    method = BiGAN(translator, tiny.Joint(), priors.Uniform(8), loss)
    state = tiny.jit(method.init)(KEY, {"image": BATCH["a"]})
    z = method.prior(KEY, 4)
    translator_key, discriminator_key = jax.random.split(KEY)
    run = core.Passes(translator, state.translator, translator_key)
    judge = core.Passes(method.discriminator, state.discriminator, discriminator_key)
    code, made = run(A, method="a_to_b"), run(z, method="b_to_a")
    on_real, on_fake = judge(A, code), judge(made, z)
    value, _ = method.translator_loss(state.translator, state.discriminator, A, z, KEY)
    expected = (on_real**2).mean() + ((on_fake - 1) ** 2).mean()
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_alis_codes_are_draws():
    """The same in both losses; a translation draws if it has a key."""
    encoder = GaussianEncoder(MLPGenerator((16,), (), "linear"))
    translator = tiny.Translator(encoder, tiny.Generator())
    method = BiGAN(translator, tiny.Joint(PATCHLESS), priors.Uniform(8), optimizer=optax.sgd)
    state = tiny.jit(method.init)(KEY, {"image": BATCH["a"]})
    z = method.prior(KEY, 4)
    players = state.translator, state.discriminator
    of_translator, _ = method.translator_loss(*players, A, z, KEY)
    _, (_, metrics, _) = method.discriminator_loss(*players[::-1], A, z, KEY)
    run = core.Passes(translator, state.translator, jax.random.split(KEY)[0])
    code, made = run(A, method="a_to_b"), run(z, method="b_to_a")
    judge = lambda x, z: core.apply(method.discriminator, state.discriminator, x, z)[0]
    on_real, on_fake = judge(A, code), judge(made, z)
    np.testing.assert_allclose(metrics["logit_real"], on_real.mean(), rtol=1e-5)
    softplus = lambda x: np.log1p(np.exp(x)).mean()
    np.testing.assert_allclose(of_translator, softplus(on_real) + softplus(-on_fake), rtol=1e-5)
    means = method.translate(state, BATCH["a"])
    assert jnp.abs(code - means).mean() > 0.1
    drawn = method.translate(state, BATCH["a"], key=KEY)
    assert jnp.abs(drawn - means).mean() > 0.1


def test_bigan_on_pairs_of_images():
    """The discriminator judges them on top of each other, that of domain a first."""
    method = BiGAN(TRANSLATOR, PATCHES)
    state = tiny.jit(method.init)(KEY, BATCH)
    players = state.discriminator, state.translator
    _, (_, metrics, _) = method.discriminator_loss(*players, A, B, KEY)
    pairs = {
        "logit_real": (A, method.translate(state, BATCH["a"])),
        "logit_fake": (method.translate(state, BATCH["b"], "b_to_a"), B),
    }
    for name, pair in pairs.items():
        logits, _ = core.apply(PATCHES, state.discriminator, jnp.concatenate(pair, -1))
        np.testing.assert_allclose(metrics[name], logits.mean(), rtol=1e-5, atol=1e-6)
    after, _ = jax.eval_shape(method.step, state, BATCH, KEY)
    assert jax.tree.structure(after) == jax.tree.structure(state)

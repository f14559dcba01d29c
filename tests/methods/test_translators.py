"""What pix2pix, CycleGAN and Attention-GAN state beyond the conformance suite."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gans_jax import AttentionGAN, CycleGAN, Pix2Pix, core, losses, networks, schedules
from gans_jax.core import apply
from gans_jax.networks import LayeredTranslator
from gans_jax.runs import config
from tests.support import tiny

KEY = jax.random.key(0)
A, B = tiny.images(4), tiny.images(4, seed=1)
BATCH = {"a": A, "b": B}
SMOOTH = tiny.Painter(batch_norm=False, dropout=0.0)
NETWORKS = (tiny.Painter(), tiny.Patches(batch_norm=False))
# One module object in two places would be one network.
TRANSLATOR = tiny.Translator(SMOOTH, SMOOTH.clone())
LAYERED = LayeredTranslator(TRANSLATOR, tiny.Translator(tiny.Attention(), tiny.Attention()))


def stepped(method):
    before = tiny.jit(method.init)(KEY, BATCH)
    return before, *tiny.jit(method.step)(before, BATCH, KEY)


@functools.cache
def pix2pix_state(conditional=True):
    return tiny.jit(Pix2Pix(*NETWORKS, conditional=conditional).init)(KEY, BATCH)


@pytest.fixture(scope="module")
def cyclegan_state():
    return tiny.jit(CycleGAN(TRANSLATOR, tiny.Patches(batch_norm=False)).init)(KEY, BATCH)


@pytest.fixture(scope="module")
def attention_state():
    return tiny.jit(AttentionGAN(LAYERED, tiny.Patches()).init)(KEY, BATCH)


ROWS = {
    "L1": ({"adversarial": False}, {"l1"}),
    "GAN": ({"weight": 0.0, "conditional": False}, {"adversarial"}),
    "cGAN": ({"weight": 0.0}, {"adversarial"}),
    "L1+GAN": ({"conditional": False}, {"l1", "adversarial"}),
    "L1+cGAN": ({}, {"l1", "adversarial"}),
    "L2+cGAN": ({"distance": "l2"}, {"l2", "adversarial"}),
}


@pytest.mark.parametrize("row", ROWS)
def test_pix2pix_table_1(row):
    """The terms of each row make up the loss; conditional is a discriminator that sees a, too."""
    settings, terms = ROWS[row]
    method, state = Pix2Pix(*NETWORKS, **settings), pix2pix_state("conditional" not in settings)
    channels = state.discriminator.params["Dense_0"]["kernel"].shape[0] // 16
    assert channels == (1 if "conditional" in settings else 2)
    a, b = core.as_float(A), core.as_float(B)
    loss, metrics = method.generator_loss(-a, state.discriminator, a, b, KEY)
    assert ("adversarial" in terms) == ("adversarial" in metrics)
    weights = {"l1": 100, "l2": 100, "adversarial": 1}
    np.testing.assert_allclose(loss, sum(weights[t] * metrics[t] for t in terms), rtol=1e-5)


@pytest.mark.slow
def test_a_discriminator_that_is_not_asked_is_not_trained():
    before, after, metrics = stepped(Pix2Pix(*NETWORKS, adversarial=False))
    tiny.assert_same_bits(before.discriminator, after.discriminator)
    assert "discriminator_loss" not in metrics
    method = CycleGAN(TRANSLATOR, tiny.Patches(), adversarial=False)
    before, after, metrics = stepped(method)
    tiny.assert_same_bits(before[2:], after[2:])
    assert "discriminator_a_loss" not in metrics


@pytest.mark.parametrize(("distance", "error"), [("l1", np.abs), ("l2", np.square)])
def test_pix2pix_distance(distance, error):
    method, a = Pix2Pix(*NETWORKS, distance=distance, adversarial=False), core.as_float(A)
    loss, metrics = method.generator_loss(-a, None, a, core.as_float(B), KEY)
    expected = error(np.float64(A) + B - 255).mean() / 127.5 ** (2 if distance == "l2" else 1)
    np.testing.assert_allclose([loss, metrics[distance]], [100 * expected, expected], rtol=1e-5)


def test_pix2pix_players_see_the_same_translations_and_the_discriminators_objective_is_halved():
    """Dropout included: with a critic that stands still, what one sees is what the other fools."""
    still = functools.partial(optax.sgd, momentum=None)
    method = Pix2Pix(*NETWORKS, losses.Wasserstein(), optimizer=still, learning_rate=1e-30)
    _, _, metrics = stepped(method)
    np.testing.assert_allclose(metrics["adversarial"], -metrics["logit_fake"], rtol=1e-6)
    expected = (metrics["logit_fake"] - metrics["logit_real"]) / 2
    np.testing.assert_allclose(metrics["discriminator_loss"], expected, rtol=1e-5)


def test_pix2pix_test_time():
    """Noise needs a key; the other setting makes an image depend on the images beside it."""
    state, plain = pix2pix_state(), {}
    for test_batch_statistics in (True, False):
        settings = {"test_batch_statistics": test_batch_statistics}
        translate = tiny.jit(
            Pix2Pix(*NETWORKS, **settings).translate, static_argnames="deterministic"
        )
        quiet = tiny.jit(Pix2Pix(*NETWORKS, test_dropout=False, **settings).translate)
        silent, part = (translate(state, x, key=KEY, deterministic=True) for x in (A, A[:2]))
        noisy, other = (translate(state, A, key=key) for key in jax.random.split(KEY))
        assert (noisy != silent).any()
        assert (noisy != other).any()
        with pytest.raises(ValueError, match="draws noise: give a key, or deterministic=True"):
            translate(state, A)
        np.testing.assert_array_equal(quiet(state, A), silent)
        beside = np.abs(silent[:2] - part).max()
        assert beside > 1e-3 if test_batch_statistics else beside < 1e-6
        plain[test_batch_statistics] = silent
    expected, _ = apply(tiny.Painter(), state.generator, core.as_float(A))
    np.testing.assert_allclose(plain[False], expected, atol=1e-6)
    assert np.abs(plain[True] - expected).max() > 1e-3


def test_noise_channels():
    """Each key, and each example, has a z of its own; a z may be given; without noise it is 0."""
    generator = networks.NoiseChannels(SMOOTH, channels=3)
    method = Pix2Pix(generator, tiny.Patches(), test_dropout=False)
    state = tiny.jit(method.init)(KEY, BATCH)
    translate = tiny.jit(method.translate, static_argnames="deterministic")
    one, other = (translate(state, A[[0, 0]], key=key) for key in jax.random.split(KEY))
    assert (one != other).any(axis=(1, 2, 3)).all()
    assert (one[0] != one[1]).any()
    z = jax.random.normal(KEY, (4, 8, 8, 3))
    plain = translate(state, A, deterministic=True)
    np.testing.assert_array_equal(plain, translate(state, A, z=0 * z))
    expected = SMOOTH.apply(
        {"params": state.generator.params["generator"]}, jnp.concatenate((core.as_float(A), z), -1)
    )
    np.testing.assert_allclose(translate(state, A, z=z), expected, atol=1e-6)
    with pytest.raises(ValueError, match="draws noise: give a key, or deterministic=True"):
        method.translate(state, A)
    with pytest.raises(ValueError, match=r"shape \(4, 8, 8, 2\): give \(4, 8, 8, 3\)"):
        method.translate(state, A, z=z[..., :2])


def test_a_z_for_a_generator_without_noise_channels_is_refused():
    method = Pix2Pix(*NETWORKS)
    with pytest.raises(ValueError, match="Painter takes no noise z: train it in NoiseChannels"):
        method.translate(pix2pix_state(), A, key=KEY, z=jnp.zeros((4, 8, 8, 3)))


@pytest.mark.slow
def test_noise_channels_in_two_domains():
    generator = networks.NoiseChannels(SMOOTH, channels=2)
    method = CycleGAN(networks.TwoGenerators(generator, generator), tiny.Patches())
    state = tiny.jit(method.init)(KEY, BATCH)
    translate = tiny.jit(method.translate, static_argnames=("direction", "deterministic"))
    for direction in ("a_to_b", "b_to_a"):
        one, other = (translate(state, A, direction, key) for key in jax.random.split(KEY))
        plain = translate(state, A, direction, deterministic=True)
        assert (one != other).any()
        assert (one != plain).any()
    with pytest.raises(ValueError, match="draws noise"):
        method.translate(state, A)
    assert not CycleGAN(TRANSLATOR, tiny.Patches()).translates_with_noise


def test_pix2pix_learns_one_direction():
    method = Pix2Pix(*NETWORKS)
    state = jax.eval_shape(method.init, KEY, BATCH)
    with pytest.raises(ValueError, match="learns a_to_b alone"):
        method.translate(state, A, "b_to_a")


@pytest.mark.parametrize(
    "method",
    [
        Pix2Pix(tiny.Painter(channels=3), tiny.Patches()),
        CycleGAN(tiny.Translator(SMOOTH, tiny.Painter(channels=3)), tiny.Patches()),
    ],
    ids=["pix2pix", "cyclegan"],
)
def test_generators_of_another_shape_are_refused(method):
    with pytest.raises(ValueError, match=r"\(8, 8, 3\), but the data have \(8, 8, 1\)"):
        jax.eval_shape(method.init, KEY, BATCH)


def test_an_unknown_direction_is_refused():
    method = CycleGAN(TRANSLATOR, tiny.Patches())
    state = jax.eval_shape(method.init, KEY, BATCH)
    with pytest.raises(ValueError, match="direction must be a_to_b or b_to_a, but is 'b'"):
        method.translate(state, A, "b")


def test_each_cycle_reaches_both_generators(cyclegan_state):
    def loss(params, forward, backward):
        weights = {"forward_weight": forward, "backward_weight": backward}
        method = CycleGAN(TRANSLATOR, None, adversarial=False, **weights)
        translator = cyclegan_state.translator._replace(params=params)
        return method.translator_loss(translator, None, None, BATCH, KEY)[0]

    # The forward cycle alone, and the backward cycle alone.
    gradient = tiny.jit(jax.vmap(jax.grad(loss), (None, 0, 0)))
    of_each = gradient(cyclegan_state.translator.params, *np.eye(2, dtype="float32"))
    for generator in ("generator_ab", "generator_ba"):
        for leaf in tiny.leaves(of_each[generator]).values():
            assert np.abs(leaf).reshape(2, -1).max(axis=1).min() > 0


TERMS = {
    "adversarial_a": 1,
    "adversarial_b": 1,
    "cycle_a": 10,
    "cycle_b": 10,
    "identity_a": 5,
    "identity_b": 5,
}
EQUATION_3 = {"adversarial_a", "adversarial_b", "cycle_a", "cycle_b"}
TABLE_4 = {
    "cycle alone": ({"adversarial": False}, {"cycle_a", "cycle_b"}),
    "GAN alone": (
        {"forward_weight": 0.0, "backward_weight": 0.0},
        {"adversarial_a", "adversarial_b"},
    ),
    "GAN + forward": ({"backward_weight": 0.0}, EQUATION_3 - {"cycle_b"}),
    "GAN + backward": ({"forward_weight": 0.0}, EQUATION_3 - {"cycle_a"}),
    "CycleGAN": ({}, EQUATION_3),
    "with identity": ({"identity_weight": 5.0}, set(TERMS)),
}


@pytest.mark.parametrize("row", TABLE_4)
def test_cyclegan_table_4(row, cyclegan_state):
    settings, terms = TABLE_4[row]
    method = CycleGAN(TRANSLATOR, tiny.Patches(batch_norm=False), **settings)
    loss, (_, metrics, *_) = method.translator_loss(*cyclegan_state[1:4], BATCH, KEY)
    np.testing.assert_allclose(loss, sum(TERMS[n] * metrics[n] for n in terms), rtol=1e-5)
    assert ("identity_a" in metrics) == (row == "with identity")


def test_cyclegans_terms(cyclegan_state):
    """Each by its own formula; a cycle starts in the domain that names it."""
    discriminator, state = tiny.Patches(batch_norm=False), cyclegan_state
    method = CycleGAN(TRANSLATOR, discriminator, identity_weight=5.0)
    _, (_, metrics, *_) = method.translator_loss(*state[1:4], BATCH, KEY)
    there = {"a": "a_to_b", "b": "b_to_a"}
    for (domain, images), other in zip(BATCH.items(), "ba", strict=True):
        x = core.as_float(images)
        fake = method.translate(state, x, there[domain])
        cycled = method.translate(state, fake, there[other])
        same = method.translate(state, x, there[other])
        judge = getattr(state, f"discriminator_{other}")
        logits, _ = apply(method.discriminator, judge, fake)
        assert logits.shape == (4, 2, 2, 1)
        np.testing.assert_allclose(
            metrics[f"cycle_{domain}"], jnp.abs(cycled - x).mean(), rtol=1e-5
        )
        np.testing.assert_allclose(
            metrics[f"identity_{domain}"], jnp.abs(same - x).mean(), rtol=1e-5
        )
        expected = ((logits - 1) ** 2).mean()
        np.testing.assert_allclose(metrics[f"adversarial_{other}"], expected, rtol=1e-5)


def test_a_history_of_no_images_is_the_latest_translations():
    """Of the translator before its update."""
    method = CycleGAN(TRANSLATOR, tiny.Patches(batch_norm=False), history_size=0)
    state, _, metrics = stepped(method)
    logits, _ = apply(method.discriminator, state.discriminator_b, method.translate(state, A))
    np.testing.assert_allclose(metrics["logit_fake_b"], logits.mean(), rtol=1e-4)


def test_attention_gan_changes_only_where_its_attention_lies(attention_state):
    method, state = AttentionGAN(LAYERED, tiny.Patches()), attention_state
    params = state.translator.params
    for direction, generator in (("a_to_b", "generator_ab"), ("b_to_a", "generator_ba")):
        x = core.as_float(A)
        painted = SMOOTH.apply({"params": params["translator"][generator]}, x)
        attention = tiny.Attention().apply({"params": params["attention"][generator]}, x)
        assert attention.shape == (4, 8, 8, 1)
        assert 0 < attention.min() < attention.max() < 1
        expected = attention * painted + (1 - attention) * x
        np.testing.assert_allclose(method.translate(state, A, direction), expected, atol=1e-6)
        np.testing.assert_allclose(method.attention(state, A, direction), attention, atol=1e-6)


def test_attention_gans_terms(attention_state):
    method, state = AttentionGAN(LAYERED, tiny.Patches()), attention_state
    loss, (_, metrics, *_) = method.translator_loss(*state[1:4], BATCH, KEY)
    on_a = method.attention(state, A)
    on_fake_b = method.attention(state, method.translate(state, A), "b_to_a")
    expected = jnp.abs(on_fake_b - on_a).mean()
    np.testing.assert_allclose(metrics["attention_cycle_a"], expected, rtol=1e-4)
    np.testing.assert_allclose(metrics["sparsity_a"], on_a.mean(), rtol=1e-5)
    weights = {"adversarial": 1, "cycle": 10, "attention_cycle": 1, "sparsity": 1}
    expected = sum(w * (metrics[f"{n}_a"] + metrics[f"{n}_b"]) for n, w in weights.items())
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_supervised_attention(attention_state):
    """Masks of bytes are maps from 0 to 1, and replace both wishes about the attention."""
    masks = {"mask_a": tiny.images(4, seed=2), "mask_b": tiny.images(4, seed=3)}
    method, state = AttentionGAN(LAYERED, tiny.Patches(), supervised=True), attention_state
    loss, (_, metrics, *_) = method.translator_loss(*state[1:4], BATCH | masks, KEY)
    for domain, images, direction in (("a", A, "a_to_b"), ("b", B, "b_to_a")):
        on = method.attention(state, images, direction)
        expected = jnp.abs(on - masks[f"mask_{domain}"] / 255).mean()
        np.testing.assert_allclose(metrics[f"mask_{domain}"], expected, rtol=1e-5)
    weights = {"adversarial": 1, "cycle": 10, "mask": 1}
    expected = sum(w * (metrics[f"{n}_a"] + metrics[f"{n}_b"]) for n, w in weights.items())
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_the_attention_before_a_translation_is_a_constant(attention_state):
    """The attention cycle's gradient is that of the attention after it and of the translation."""
    method, state = AttentionGAN(LAYERED, tiny.Patches()), attention_state
    a = core.as_float(A)

    def term(params):
        translator = state.translator._replace(params=params)
        players = translator, state.discriminator_a, state.discriminator_b
        return method.translator_loss(*players, {"a": a, "b": a}, KEY)[1][1]["attention_cycle_a"]

    def by_hand(params):
        def run(x, direction):
            return LAYERED.apply({"params": params}, x, direction, method="layers")

        fake, before = run(a, "a_to_b")
        return jnp.abs(run(fake, "b_to_a")[1] - jax.lax.stop_gradient(before)).mean()

    gradients = [tiny.jit(jax.grad(loss))(state.translator.params) for loss in (term, by_hand)]
    tiny.assert_close(*gradients, 1e-4)


@pytest.mark.parametrize(
    "method",
    [
        Pix2Pix(*NETWORKS, distance="l2", schedule=schedules.EpochDecay(100, reference="start")),
        CycleGAN(TRANSLATOR, tiny.Patches(), backward_weight=0.0),
        AttentionGAN(LAYERED, tiny.Patches(), supervised=True),
    ],
    ids=["pix2pix", "cyclegan", "attention_gan"],
)
def test_configuration_round_trip(method):
    text = config.to_json(method)
    own = (tiny.Painter, tiny.Patches, tiny.Translator, tiny.Attention)
    assert not config.differences(config.to_json(config.from_json(text, own)), text)


def _resnets(network=networks.ResNetGenerator, **settings):
    generator = network(features=2, blocks=1, **settings)
    return networks.TwoGenerators(generator, generator)


PATCHES = networks.PatchGANDiscriminator(features=2, layers=2, norm="instance")


@pytest.mark.parametrize(
    "method",
    [
        Pix2Pix(networks.UNetGenerator(32, features=2), PATCHES),
        CycleGAN(
            networks.SharedEncoderTranslator(features=2, encoder_blocks=1, decoder_blocks=1),
            PATCHES,
        ),
        AttentionGAN(LayeredTranslator(_resnets(), _resnets(networks.AttentionNetwork)), PATCHES),
    ],
    ids=["pix2pix", "fused_encoder", "attention_gan"],
)
def test_the_papers_networks(method):
    """Traced alone; a translation has the shape of its batch."""
    batch = {name: np.zeros((2, 32, 32, 3), np.uint8) for name in "ab"}
    key = jax.eval_shape(lambda: KEY)
    state = jax.eval_shape(method.init, key, batch)
    after, _ = jax.eval_shape(method.step, state, batch, key)
    assert jax.tree.leaves(after) == jax.tree.leaves(state)
    translate = functools.partial(method.translate, deterministic=True)
    translated = jax.eval_shape(translate, state, batch["a"])
    assert (translated.shape, translated.dtype) == ((2, 32, 32, 3), jnp.float32)


def _fused(norm, dtype="float32"):
    translator = networks.SharedEncoderTranslator(1, 2, 1, 1, norm, dtype=dtype)
    return CycleGAN(translator, tiny.Patches(batch_norm=False), identity_weight=5.0)


@pytest.mark.parametrize(("norm", "encodings"), [("instance", 4), ("layer", 4), ("batch", 6)])
def test_the_identity_loss_takes_encodings_that_are_there_but_not_through_batch_norm(
    norm, encodings
):
    """Two of images and two of translations; batch norm averages over every pass."""
    method, calls = _fused(norm), []
    state = jax.eval_shape(method.init, KEY, BATCH)

    def count(next_call, args, kwargs, context):
        calls.extend([1] * ((context.module.name, context.method_name) == ("encoder", "__call__")))
        return next_call(*args, **kwargs)

    with nn.intercept_methods(count):
        jax.eval_shape(method.translator_loss, *state[1:4], BATCH, KEY)
    assert len(calls) == encodings


@pytest.mark.slow
def test_an_encoding_for_two_passes_changes_no_loss_and_no_gradient(monkeypatch):
    # Without instance norm, beside which the gradients of biases are rounding alone.
    with jax.enable_x64(True):
        method = _fused("layer", "float64")
        state = tiny.double(tiny.jit(method.init)(KEY, BATCH))

        def loss(params):
            player = state.translator._replace(params=params)
            return method.translator_loss(player, *state[2:4], BATCH, KEY)

        gradient = jax.value_and_grad(loss, has_aux=True)
        once = tiny.jit(gradient)(state.translator.params)
        monkeypatch.setattr(networks.SharedEncoderTranslator, "encodes_once", False)
        jax.clear_caches()
        twice = tiny.jit(gradient)(state.translator.params)
        tiny.assert_close(once, twice, 1e-10)

"""Layers and wrappers that stabilise a discriminator, against numbers worked out in NumPy."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import core, networks
from gans_jax.core import Player
from gans_jax.networks.layers import run_layer
from tests.support import tiny

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)


def player(network, *inputs):
    variables = tiny.jit(network.init)(KEY, *inputs)
    return Player(variables.get("params", {}), variables.get("batch_stats", {}), ())


def in_training(network, given, x, key=KEY):
    """Not compiled yet: `compiled` functions call no other compiled ones."""
    return core.apply(network, given, x, train=True, key=key)


def compiled(network, given, x):
    return tiny.jit(lambda given, x: in_training(network, given, x))(given, x)


def at_rest(network, given, x):
    return tiny.jit(lambda given, x: core.infer(network, given, x))(given, x)


def in_shards(function, x):
    """What the parts of a batch give as two devices."""
    parts = x.reshape(2, x.shape[0] // 2, *x.shape[1:])
    return tiny.jit(jax.vmap(function, axis_name="data"))(parts)


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        pytest.param(
            networks.DCGANDiscriminator(8, "spectral", attention=8),
            (16, 16, 3),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            networks.PatchGANDiscriminator(4, 1, "spectral"), (8, 8, 1), marks=pytest.mark.slow
        ),
        pytest.param(
            networks.PixelGANDiscriminator(4, "spectral"), (2, 2, 3), marks=pytest.mark.slow
        ),
        (networks.MLPDiscriminator((6, 5), norm="spectral"), (7,)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_spectral_norm_divides_each_kernel_by_its_largest_singular_value(network, shape):
    """`sigma` of every kernel but gamma's, after the power iterations of 100 passes."""
    x = jnp.ones((2, *shape))
    given = player(network, x)

    def run(stats, _):
        player = given._replace(batch_stats=stats)
        return core.apply(network, player, x, train=True, key=KEY)[1], None

    stats, _ = tiny.jit(lambda stats: jax.lax.scan(run, stats, length=100))(given.batch_stats)
    kernels = {p: leaf for p, leaf in tiny.leaves(given.params).items() if leaf.ndim > 1}
    found = sorted(v.item() for p, v in tiny.leaves(stats).items() if p.endswith("sigma']"))
    expected = sorted(
        np.linalg.svd(leaf.reshape(-1, leaf.shape[-1]), compute_uv=False)[0]
        for leaf in kernels.values()
    )
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    # Outside of training the vectors stay.
    rest = tiny.jit(lambda stats: core.apply(network, given._replace(batch_stats=stats), x)[1])
    same = rest(stats)
    tiny.assert_same_bits(same, stats)


def test_spectral_norm_has_no_gradient_through_its_vectors():
    """After one power iteration the vectors are far from singular, and still count as constants."""

    class Two(nn.Module):
        @nn.compact
        def __call__(self, x, train=False):
            return run_layer(nn.Dense(2, use_bias=False), x, "spectral", train)

    x, w = np.array([[1.0, 2, -1]]), np.array([[3.0, 1], [-1, 2], [1, 2]])
    given = player(Two(), jnp.float32(x))
    u = next(v for p, v in tiny.leaves(given.batch_stats).items() if p.endswith("u']"))
    unit = lambda vector: vector / np.linalg.norm(vector)
    v = unit(w @ np.float64(u))
    u = unit(v @ w)
    sigma = v @ w @ u
    params = lambda w: {"Dense_0": {"kernel": w}}
    total = lambda w: in_training(Two(), given._replace(params=params(w)), jnp.float32(x))[0].sum()
    value, gradient = tiny.jit(jax.value_and_grad(total))(jnp.float32(w))
    np.testing.assert_allclose(value, (x @ w).sum() / sigma, rtol=1e-5)
    expected = x.T / sigma - (x @ w).sum() / sigma**2 * np.outer(v, u)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6)


def test_minibatch_std_by_hand():
    """Groups (0, 2) and (1, 3): deviations 1 and 3 of one feature, 2 and 0 of the other."""
    x = jnp.array([[0.0, 0], [0, 5], [2, 4], [6, 5]]).reshape(4, 1, 1, 2)
    run = tiny.jit(lambda x: networks.MinibatchStd(2).apply({}, x))
    y = run(x)
    np.testing.assert_array_equal(y[..., :2], x)
    np.testing.assert_allclose(y[:, 0, 0, 2], [1.5, 1.5, 1.5, 1.5], rtol=1e-3)
    x = x.at[3, 0, 0, 0].set(0)
    y = run(x)
    np.testing.assert_allclose(y[:, 0, 0, 2], [1.5, 1e-4, 1.5, 1e-4], rtol=1e-3)
    with pytest.raises(ValueError, match="groups of 3 do not divide a global batch of 4"):
        networks.MinibatchStd(3).apply({}, x)


@pytest.mark.parametrize("group", [None, 2, 4])
def test_minibatch_std_is_over_the_global_batch(group):
    x = jnp.float32(RNG.normal(size=(8, 2, 3, 2)))
    layer = networks.MinibatchStd(group)
    run = lambda x: layer.apply({}, x)
    whole = tiny.jit(run)(x)
    np.testing.assert_allclose(in_shards(run, x).reshape(8, 2, 3, 3), whole, rtol=1e-6)
    assert np.unique(whole[..., 2]).size == (1 if group is None else 8 // group)


def test_self_attention_starts_as_the_identity_and_is_the_papers_formula():
    x = jnp.float32(RNG.normal(size=(2, 4, 4, 16)))
    layer = networks.SelfAttention()
    given = player(layer, x)
    np.testing.assert_array_equal(at_rest(layer, given, x), x)
    params = given.params | {"gamma": jnp.float32(0.5)}
    query, key, value, last = (
        np.asarray(params[f"Conv_{i}"]["kernel"][0, 0], "f8") for i in range(4)
    )
    assert (query.shape, value.shape, last.shape) == ((16, 2), (16, 8), (8, 16))
    rows = np.asarray(x, "f8")
    pooled = lambda w: (rows @ w).reshape(2, 2, 2, 2, 2, -1).max(axis=(2, 4)).reshape(2, 4, -1)
    scores = np.exp((rows @ query).reshape(2, 16, -1) @ pooled(key).swapaxes(1, 2))
    weights = scores / scores.sum(axis=-1, keepdims=True)
    found = (weights @ pooled(value) @ last).reshape(2, 4, 4, 16)
    actual = at_rest(layer, given._replace(params=params), x)
    np.testing.assert_allclose(actual, rows + 0.5 * found, rtol=1e-4, atol=1e-5)


class Virtual(nn.Module):
    """One layer of virtual batch norm on images."""

    @nn.compact
    def __call__(self, x, train=False):
        return networks.VirtualBatchNorm(2)(networks.Reference(2)(x, train))[2:]


def test_virtual_batch_norm_is_by_the_first_batch_and_the_example_itself():
    first, other = (jnp.float32(RNG.normal(1, 2, (4, 3, 3, 2))) for _ in range(2))
    given = player(Virtual(), first)
    _, stats = compiled(Virtual(), given, first)
    np.testing.assert_array_equal(stats["Reference_0"]["reference"], first[:2])
    made, same = compiled(Virtual(), given._replace(batch_stats=stats), other)
    tiny.assert_same_bits(same, stats)
    reference, x = np.asarray(first[:2], "f8"), np.asarray(other, "f8")
    means = [
        (reference**power).mean((0, 1, 2)) * 2 / 3 + (x**power).mean((1, 2), keepdims=True) / 3
        for power in (1, 2)
    ]
    scale = np.asarray(given.params["VirtualBatchNorm_0"]["scale"])
    expected = scale * (x - means[0]) / np.sqrt(means[1] - means[0] ** 2 + 1e-5)
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-5)
    alone = at_rest(Virtual(), given._replace(batch_stats=stats), other[1:2])
    np.testing.assert_allclose(alone, made[1:2], rtol=1e-5, atol=1e-6)


def test_the_reference_is_the_start_of_the_global_batch():
    x = jnp.float32(RNG.normal(size=(4, 3)))
    layer = networks.Reference(3)
    given = player(layer, x)
    whole = compiled(layer, given, x)[1]
    shards = in_shards(lambda x: in_training(layer, given, x)[1], x)
    for part in range(2):
        tiny.assert_same_bits(jax.tree.map(lambda leaf: leaf[part], shards), whole)  # noqa: B023
    with pytest.raises(ValueError, match=r"keeps 3 examples for reference, .* batch has 2"):
        in_training(layer, given, x[:2])
    with core.micro_batches(2), pytest.raises(ValueError, match="micro-batches take apart"):
        in_training(layer, given, x)


class Seen(nn.Module):
    """Returns what a discriminator would see."""

    def __call__(self, x, train=False):
        return x


def changed(x, *policy, images=1):
    return in_training(networks.Augmented(Seen(), policy, images), Player({}, {}, ()), x)[0]


def seen(x, *policy, images=1):
    return np.asarray(tiny.jit(lambda x: changed(x, *policy, images=images))(x))


def test_augmentation_is_off_outside_of_training():
    x = jnp.float32(RNG.normal(size=(3, 8, 8, 3)))
    augmented = networks.Augmented(Seen())
    np.testing.assert_array_equal(at_rest(augmented, Player({}, {}, ()), x), x)
    assert (seen(x, "color", "translation", "cutout") != x).any()


def test_colors_change_as_in_the_authors_code():
    """A pixel is (mean + b) + c (gray - mean) + c s (x - gray), whatever the draws b, c and s."""
    x = RNG.normal(size=(64, 4, 4, 3))
    y = np.float64(seen(jnp.float32(x), "color"))
    gray, mean = x.mean(-1, keepdims=True), x.mean((1, 2, 3), keepdims=True)
    b = (y.mean((1, 2, 3)) - mean[:, 0, 0, 0]).reshape(-1, 1, 1, 1)
    c = ((y.mean(-1, keepdims=True) - mean - b) / (gray - mean)).mean((1, 2, 3), keepdims=True)
    s = ((y - mean - b - c * (gray - mean)) / (c * (x - gray)))[:, :1, :1, :1]
    np.testing.assert_allclose(y, mean + b + c * (gray - mean) + c * s * (x - gray), atol=1e-3)
    for draws, low, high in ((b, -0.5, 0.5), (c, 0.5, 1.5), (s, 0, 2)):
        margin = 0.1 * (high - low)
        assert low - 1e-4 < draws.min() < low + margin
        assert high - margin < draws.max() < high + 1e-4


def test_translation_shifts_by_up_to_an_eighth_and_pads_with_zeros():
    x = jnp.ones((256, 16, 24, 1))
    y = seen(x, "translation")[..., 0]
    columns = y.any(axis=1).sum(axis=1)
    rows = y.any(axis=2).sum(axis=1)
    np.testing.assert_array_equal(y.sum(axis=(1, 2)), rows * columns)
    assert set(rows) == {14, 15, 16}  # shifts of 0 to 2
    assert set(columns) == {21, 22, 23, 24}
    ramp = jnp.broadcast_to(jnp.arange(1.0, 17)[:, None, None], (64, 16, 16, 1))
    shifts = {
        tuple(np.setdiff1d(np.arange(1, 17), image[:, 8, 0])) for image in seen(ramp, "translation")
    }
    assert shifts == {(), (1,), (1, 2), (16,), (15, 16)}


def test_cutout_covers_half_of_each_side_anywhere():
    y = seen(jnp.ones((512, 6, 7, 2)), "cutout")
    np.testing.assert_array_equal(y[..., 0], y[..., 1])
    covered = y[..., 0] == 0
    rows, columns = covered.any(axis=2).sum(axis=1), covered.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(covered.sum(axis=(1, 2)), rows * columns)
    # Of 6 rows 3 are covered about one of 6 middles, of 7 columns 4 about one of 8.
    assert set(rows) == {2, 3}
    assert set(columns) == {2, 3, 4}


def test_both_images_of_a_pair_are_changed_alike():
    a = jnp.float32(RNG.normal(size=(3, 8, 8, 3)))
    y = seen(jnp.concatenate((a, a), axis=-1), "color", "translation", "cutout", images=2)
    np.testing.assert_array_equal(y[..., :3], y[..., 3:])
    alone = seen(a, "color", "translation", "cutout")
    np.testing.assert_allclose(y[..., :3], alone, rtol=1e-5, atol=1e-6)


def test_augmentation_is_drawn_by_the_place_in_the_global_batch_and_differentiates():
    x = jnp.float32(RNG.normal(size=(4, 8, 8, 1)))
    run = jax.grad(lambda x: jnp.sum(changed(x, "cutout", "translation") ** 2))
    gradient = tiny.jit(run)(x)
    np.testing.assert_array_equal(in_shards(run, x).reshape(x.shape), gradient)
    kept = seen(x, "cutout", "translation") != 0
    assert 0 < jnp.sum(gradient != 0) == jnp.sum(kept) < x.size
    with pytest.raises(ValueError, match=r"examples have the shape \(2,\)"):
        seen(jnp.ones((4, 2)), "cutout")


@pytest.mark.parametrize("size", [28, 32])
@pytest.mark.parametrize("lineage", ["torch", "paper"])
def test_dcgan_against_its_guidelines(size, lineage):
    """Pooling, other activations, norms in all layers: the shapes, and how many norms there are."""
    generator = networks.DCGANGenerator(
        size, 1, 2, lineage=lineage, upsample="repeat", activation="tanh", norm_output=True
    )
    z = jnp.zeros((2, 10))
    made, variables = jax.eval_shape(lambda: generator.init_with_output(KEY, z))
    assert made.shape == (2, size, size, 1)
    doublings = {28: 2, 32: 3}[size]
    norms = lambda params: sum(name.startswith("BatchNorm") for name in params)
    assert norms(variables["params"]) == doublings + 1
    discriminator = networks.DCGANDiscriminator(
        2, lineage=lineage, downsample="max_pool", activation="relu", norm_input=True
    )
    x = jnp.zeros(made.shape)
    logits, variables = jax.eval_shape(lambda: discriminator.init_with_output(KEY, x))
    assert logits.shape == (2,)
    assert norms(variables["params"]) == doublings
    kernel = variables["params"]["Conv_0"]["kernel"].shape[0]
    assert kernel == (5 if lineage == "paper" else 3)


def test_a_side_without_features_has_no_attention():
    for network, shape in (
        (networks.DCGANGenerator(28, 1, 2, attention=8), (10,)),
        (networks.DCGANDiscriminator(2, attention=28), (28, 28, 1)),
    ):
        with pytest.raises(ValueError, match="choose 7 or 14, or 0 for no attention"):
            jax.eval_shape(network.init, KEY, jnp.zeros((2, *shape)))


class Labelled(nn.Module):
    """Returns the labels as logits."""

    classes: int = 3

    def __call__(self, x, label, train=False):
        return label


def test_labels_pass_through_augmentation():
    augmented = networks.Augmented(Labelled(), ("cutout",))
    assert core.takes_label(augmented)
    assert core.classes(augmented) == 3
    x, label = jnp.ones((4, 8, 8, 1)), jnp.array([0, 1, 2, 0])
    given = Player({}, {}, ())
    run = lambda x, label: core.apply(augmented, given, x, label, train=True, key=KEY)[0]
    made = tiny.jit(run)(x, label)
    np.testing.assert_array_equal(made, label)
    assert not core.takes_label(networks.Augmented(Seen()))


def test_which_networks_couple_examples():
    coupled = networks.Augmented(networks.DCGANDiscriminator(minibatch_std=True))
    assert core.couples_examples(coupled)
    assert not core.couples_examples(networks.Augmented(networks.DCGANDiscriminator()))

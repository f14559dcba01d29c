"""Randomness, statistics and updates of the global batch."""

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gans_jax import core, priors, schedules
from gans_jax.core import Aux, Player, apply
from gans_jax.methods import GAN, WGAN, WGANGP
from gans_jax.runs.config import OPTIMIZERS
from tests.support import tiny

IMAGES = np.zeros((1, 2, 8, 8, 1), np.uint8)

KEY = jax.random.key(0)


def sharded(function, *arrays, shards=4):
    """`function` on each of the shards of the arrays, under the axis that devices would bind."""
    split = [x.reshape(shards, -1, *x.shape[1:]) for x in arrays]
    return jax.vmap(function, axis_name="data")(*split)


@pytest.mark.parametrize("prior", [priors.Normal(6), priors.Uniform(6)])
@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_noise_does_not_depend_on_the_sharding(prior, implementation):
    key = jax.random.key(3, impl=implementation)
    whole = prior(key, 8)
    parts = jax.vmap(lambda _: prior(key, 2), axis_name="data")(jnp.arange(4))
    np.testing.assert_array_equal(parts.reshape(8, 6), whole)
    np.testing.assert_array_equal(prior(key, 3), whole[:3])
    assert len(np.unique(np.asarray(whole))) == whole.size
    other = prior(jax.random.fold_in(key, 1), 8)
    assert not np.isin(np.asarray(other), np.asarray(whole)).any()


def test_priors():
    z = priors.Normal(10)(KEY, 4000)
    assert abs(z.mean()) < 0.02
    assert abs(z.std() - 1) < 0.02
    u = priors.Uniform(10)(KEY, 4000)
    assert -1 <= u.min() < -0.99
    assert 0.99 < u.max() < 1
    assert abs(u.mean()) < 0.02


class Plain(nn.Module):
    """A user's network that knows nothing of devices."""

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        return nn.Dropout(0.5, deterministic=not train)(x)


@pytest.mark.slow
def test_a_users_batch_norm_and_dropout_see_the_global_batch():
    x = 3 + 2 * jax.random.normal(KEY, (8, 5))
    variables = Plain().init(KEY, x)
    player = Player(variables["params"], variables["batch_stats"], ())
    run = lambda x: apply(Plain(), player, x, train=True, key=KEY)
    whole, stats = run(x)
    parts, part_stats = sharded(run, x)
    np.testing.assert_allclose(parts.reshape(8, 5), whole, atol=1e-5)
    tiny.assert_close(jax.tree.map(lambda leaf: leaf[1], part_stats), stats, 1e-6)
    assert 0.2 < (whole == 0).mean() < 0.8
    kept = whole[whole != 0]
    assert len(np.unique(np.asarray(kept))) == kept.size


def test_dropout_is_off_in_evaluation_and_keyed_per_pass():
    x = jnp.ones((4, 50))
    variables = Plain().init(KEY, x)
    player = Player(variables["params"], variables["batch_stats"], ())
    evaluated, stats = apply(Plain(), player, x, key=KEY)
    assert (evaluated != 0).all()
    assert stats is player.batch_stats
    masks = [apply(Plain(), player, x + jnp.arange(4.0)[:, None], train=True, key=key)[0] != 0
             for key in jax.random.split(KEY)]  # fmt: skip
    assert (masks[0] != masks[1]).any()
    assert (masks[0][0] != masks[0][1]).any()


def test_train_is_passed_only_where_it_is_a_parameter():
    network = nn.Sequential([nn.Dense(3), nn.relu])
    player = core.create(network, optax.sgd(0.1), KEY, jnp.ones((1, 2)))
    outputs, stats = apply(network, player, jnp.ones((4, 2)), train=True, key=KEY)
    assert outputs.shape == (4, 3)
    assert stats == {}


def quadratic(player, target):
    return jnp.sum((player.params - target) ** 2), Aux({}, {"distance": jnp.mean(target)})


def test_descend_takes_one_step_of_the_mean_gradient():
    optimizer = optax.sgd(0.25)
    player = Player(jnp.zeros(2), {}, optimizer.init(jnp.zeros(2)))
    targets = jnp.array([1.0, 2.0, 3.0, 6.0])
    new, metrics, _ = sharded(
        lambda t: core.descend(quadratic, optimizer, "player")(player, t[0]), targets
    )
    # gradient of (p - t)^2 at 0 is -2t, its mean over t is -6 in each of two coordinates
    np.testing.assert_allclose(new.params, np.full((4, 2), 1.5))
    np.testing.assert_allclose(
        metrics["player_gradient_norm"], np.full(4, 6 * np.sqrt(2)), rtol=1e-6
    )
    np.testing.assert_allclose(metrics["player_loss"], np.full(4, 2 * (1 + 4 + 9 + 36) / 4))
    np.testing.assert_allclose(metrics["distance"], np.full(4, 3.0))


@pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_traced_learning_rate_scales_the_step_of_every_optimizer(name):
    """A schedule multiplies the rate that the optimizer is made with, in every iteration anew."""
    make, params = getattr(optax, name), jnp.array([0.03, -0.02])
    player = Player(params, {}, make(0.1).init(params))

    @tiny.jit
    def step(factor):
        return core.descend(quadratic, make(0.1 * factor), "p")(player, 1.0)[0]

    full, half = step(1.0), step(0.5)
    chex.assert_trees_all_equal_shapes_and_dtypes(full, player)
    change = lambda player: player.params - params  # to within the last bits of the parameters
    chex.assert_trees_all_close(change(full), 2 * change(half), rtol=1e-6, atol=1e-8)
    assert (full.params != params).all()


def test_repeated_updates_report_the_last_metrics_and_the_largest_norm():
    def update(player, value):
        return player, {"loss": value, "critic_gradient_norm": value}

    _, metrics = core.repeat_update(
        update, Player(jnp.zeros(1), {}, ()), jnp.array([1.0, 9.0, 4.0])
    )
    assert (metrics["loss"], metrics["critic_gradient_norm"]) == (4, 9)
    _, metrics = core.repeat_update(update, Player(jnp.zeros(1), {}, ()), jnp.array([jnp.nan, 4.0]))
    assert np.isnan(metrics["critic_gradient_norm"])


def test_uint8_images_become_floats_in_minus_one_to_one():
    floats = core.as_float(jnp.array([0, 255, 51], jnp.uint8))
    np.testing.assert_allclose(floats, [-1, 1, -0.6], rtol=1e-6)
    images = jnp.array([0.5])
    assert core.as_float(images) is images


@pytest.mark.parametrize("dtype", [np.int32, np.uint16, np.bool_])
def test_images_of_other_whole_numbers_are_refused(dtype):
    with pytest.raises(ValueError, match=r"images of type \w+ have no known range: give uint8"):
        core.as_float(np.zeros(3, dtype))


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ({"images": IMAGES}, "the method reads 'image' of a batch, which has 'images': let"),
        (IMAGES, "a batch is a dictionary of arrays, and not of type ndarray: give {'image': ..."),
        ((IMAGES,), "and not of type tuple"),
        ({"image": IMAGES[..., 0, :]}, r"\(8, 8, 1\), but the data have \(8, 1\): change the gen"),
        (
            {"image": np.zeros((1, 2, 1, 8, 8))},
            "have .1, 8, 8.: give images with the channels",
        ),
        ({"image": np.zeros((1, 2, 8, 8, 3))}, "have .8, 8, 3.: change the channels of the gen"),
        ({"image": np.zeros((1, 2, 9, 8, 1))}, "have .9, 8, 1.: change the generator's or the"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_in_a_sentence(batch, words):
    method = WGAN(tiny.Generator(), tiny.Discriminator(batch_norm=False), priors.Normal(2))
    with pytest.raises(ValueError, match=words):
        method.init(jax.random.key(0), batch)


def test_linear_decay():
    schedule = schedules.LinearDecay(end=200, start=100)
    np.testing.assert_allclose([schedule(t) for t in (0, 100, 150, 200, 300)], [1, 1, 0.5, 0, 0])


def test_learning_rates():
    networks = tiny.Generator(), tiny.Discriminator()
    method = GAN(*networks, learning_rate=0.5, schedule=schedules.LinearDecay(end=4))
    assert method.learning_rates(3) == {"learning_rate": 0.125}
    method = WGANGP(*networks, learning_rate=0.5)
    assert method.learning_rates(3) == {"learning_rate": 0.5}
    method = GAN(*networks, discriminator_learning_rate=0.25)
    expected = {"learning_rate": 2e-4, "discriminator_learning_rate": 0.25}
    assert method.learning_rates(3) == expected


def test_epoch_decay():
    """The factors of pix2pix's code before and since 2020, of 3 steps to an epoch."""
    at = lambda schedule, epoch: [float(schedule(3 * (epoch - 1) + i)) for i in range(3)]
    end, start = (schedules.EpochDecay(3, reference=reference) for reference in ("end", "start"))
    factors = {1: 1, 100: 1, 101: 100 / 101, 102: 99 / 101, 200: 1 / 101, 201: 0, 300: 0}
    for epoch, factor in factors.items():
        np.testing.assert_allclose(at(end, epoch), [factor] * 3, rtol=1e-5)
    factors = {1: 1, 99: 1, 100: 100 / 101, 101: 99 / 101, 199: 1 / 101, 200: 0, 300: 0}
    for epoch, factor in factors.items():
        np.testing.assert_allclose(at(start, epoch), [factor] * 3, rtol=1e-5)
    short = schedules.EpochDecay(1, constant=2, decay=1)
    np.testing.assert_allclose([short(t) for t in range(5)], [1, 1, 0.5, 0, 0])
    with pytest.raises(ValueError, match="reference must be end or start, but is 'middle'"):
        schedules.EpochDecay(1, reference="middle")


def test_dropout_can_be_turned_on_and_off():
    x = jnp.ones((4, 50))
    variables = Plain().init(KEY, x)
    player = Player(variables["params"], variables["batch_stats"], ())
    for train in (True, False):
        on, off = (apply(Plain(), player, x + jnp.arange(4.0)[:, None], train=train, key=KEY,
                         dropout=dropout)[0] for dropout in (True, False))  # fmt: skip
        assert 0.2 < (on == 0).mean() < 0.8
        assert (off != 0).all()


def test_the_outputs_of_a_loss_are_handed_back():
    optimizer = optax.sgd(0.25)
    player = Player(jnp.zeros(2), {}, optimizer.init(jnp.zeros(2)))

    def loss(player, target):
        value, aux = quadratic(player, target)
        return value, aux._replace(outputs=(target, 2 * target))

    targets = jnp.array([1.0, 2.0, 3.0, 6.0])
    _, _, (once, twice) = sharded(
        lambda t: core.descend(loss, optimizer, "player")(player, t[0]), targets
    )
    np.testing.assert_array_equal([once, twice], [targets, 2 * targets])


def test_gather():
    x = jnp.arange(8.0).reshape(8, 1)
    parts = sharded(lambda x: core.gather({"x": x})["x"], x)
    np.testing.assert_array_equal(parts, np.broadcast_to(x, (4, 8, 1)))
    assert core.gather(x) is x


def test_wgan_warm_up():
    method = WGAN(tiny.Generator(), tiny.Discriminator(), warmup=True)
    assert [len(method.minibatches(t)) for t in (0, 24, 25, 499, 500, 501)] == [
        100,
        100,
        5,
        5,
        100,
        5,
    ]
    taken = [len(method.minibatches(t)) for t in range(1600)]
    assert [method.minibatches(t).start for t in range(1600)] == [
        sum(taken[:t]) for t in range(1600)
    ]


@pytest.mark.parametrize("field", ["clip", "learning_rate", "n_critic"])
def test_hyperparameters_out_of_range(field):
    with pytest.raises(ValueError, match=f"{field} must be positive, but is 0"):
        WGAN(tiny.Generator(), tiny.Discriminator(), **{field: 0})

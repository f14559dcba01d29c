"""Wrapped methods are methods: the conformance suite's mechanics, and what each wrapper adds."""

import dataclasses
import functools
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import core, data
from gans_jax.core import Player
from gans_jax.networks.layers import Conv
from gans_jax.runs import config
from gans_jax.training import Checkpoints, Experiment
from gans_jax.wrappers import (
    EMAState,
    SkipState,
    repeat,
    seeds,
    skip_nonfinite,
    unwrap,
    with_ema,
)
from tests.support import tiny
from tests.support.cases import FROM_NOISE

N, KEY, DECAY = 4, jax.random.key(0), 0.15
METHOD = next(case.method for case in FROM_NOISE if case.name == "wgan")


@pytest.fixture(
    params={type(c.method): c for c in FROM_NOISE}.values(), ids=lambda c: c.name, scope="module"
)
def method(request):
    """One of each class that makes images from noise: wrappers do not see the losses."""
    return request.param.method


@pytest.fixture(scope="module")
def init(method):
    return tiny.jit(method.init)


@pytest.fixture(scope="module")
def step(method):
    return tiny.jit(method.step)


def batch(t):
    """Iteration t's, as float32, which can hold a NaN."""
    images = tiny.images(METHOD.n_critic, N, seed=t)
    return {"image": np.float32(images) / 127.5 - 1}


def key(t):
    return jax.random.fold_in(KEY, t)


def calls(method, stop):
    """Batches and keys of the iterations before `stop`, in pairs where the method repeats."""
    each = [(batch(t), key(t)) for t in range(stop)]
    if method.batch_axis == METHOD.batch_axis:
        return each
    stack = lambda *leaves: jnp.stack(leaves)
    return [jax.tree.map(stack, *each[t : t + 2]) for t in range(0, stop, 2)]


def start(method):
    return tiny.jit(method.init)(KEY, batch(0))


def player(state, name="generator"):
    found = getattr(state, name)
    return {"params": found.params, "batch_stats": found.batch_stats}


TRACES = []
NESTED = {
    "skip_ema": skip_nonfinite(with_ema(METHOD, DECAY)),
    "ema_skip": with_ema(skip_nonfinite(METHOD), DECAY),
    "repeat_skip_ema": repeat(skip_nonfinite(with_ema(METHOD, DECAY)), 2),
    "skip_repeat_ema": skip_nonfinite(repeat(with_ema(METHOD, DECAY), 2)),
    "ema_repeat_skip": with_ema(repeat(skip_nonfinite(METHOD), 2), DECAY),
}


@functools.cache
def compiled(name):
    """The step of a nested method, which donates the state."""

    def step(state, batch, key):
        TRACES.append(name)
        return NESTED[name].step(state, batch, key)

    return tiny.jit(step, donate_argnums=0)


def test_the_average_is_one_by_hand(method, init):
    averaged, state = with_ema(method, DECAY), init(KEY, batch(0))
    step, state = tiny.jit(averaged.step), EMAState(state, {"generator": player(state)})
    average = jax.tree.map(np.float64, player(state.state))
    for t, decay in enumerate((1 / 10, DECAY, DECAY)):
        state, _ = step(state, batch(t), key(t))
        new = player(state.state)
        average = jax.tree.map(lambda a, p, d=decay: d * a + (1 - d) * p, average, new)
    tiny.assert_close(state.average, {"generator": average}, 1e-6)
    assert int(state.step) == 3


def test_sampling_reads_the_average():
    averaged = with_ema(METHOD, DECAY)
    state, _ = tiny.jit(averaged.step)(start(averaged), batch(0), KEY)
    by_hand = state.state._replace(
        generator=state.state.generator._replace(**state.average["generator"])
    )
    tiny.assert_same_bits(unwrap(state), by_hand)
    images = averaged.sample(state, KEY, 3)
    tiny.assert_same_bits(images, METHOD.sample(by_hand, KEY, 3))
    tiny.assert_same_bits(images, averaged.generate(state, METHOD.prior(KEY, 3)))
    assert np.abs(images - METHOD.sample(state.state, KEY, 3)).max() > 1e-4
    initial = start(METHOD)
    outer = EMAState(state, {"generator": player(initial)})
    images = with_ema(averaged, DECAY).sample(outer, KEY, 3)
    tiny.assert_same_bits(images, METHOD.sample(initial, KEY, 3))


@pytest.mark.parametrize("jit", [tiny.jit, lambda function: function], ids=["jit", "eager"])
def test_the_first_step_may_donate_the_state(jit):
    state = jit(NESTED["skip_ema"].init)(KEY, batch(0))
    pointers = [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(state)]
    assert len(set(pointers)) == len(pointers)
    after, _ = compiled("skip_ema")(state, batch(0), KEY)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))
    assert int(after.step) == 1


def test_a_nan_changes_nothing_but_the_counts(method, init, step):
    guarded = skip_nonfinite(method)
    bare_step, step = step, tiny.jit(guarded.step)
    state, broken = SkipState(init(KEY, batch(0)), *np.zeros(2, np.int32)), batch(1)
    broken["image"][0, 1, 2] = np.nan
    state, metrics = step(state, batch(0), key(0))
    good = state.state
    tiny.assert_close(good, bare_step(init(KEY, batch(0)), batch(0), key(0))[0], 1e-5)
    assert (metrics["skipped"], metrics["skipped_in_a_row"]) == (0, 0)
    for count in (1, 2):
        state, metrics = step(state, broken, key(count))
        tiny.assert_same_bits(state.state, good._replace(step=jnp.int32(1 + count)))
        assert (metrics["skipped"], metrics["skipped_in_a_row"]) == (count, count)
    state, metrics = step(state, batch(3), key(3))
    expected, _ = bare_step(good._replace(step=jnp.int32(3)), batch(3), key(3))
    tiny.assert_close(state.state, expected, 1e-5)
    assert (metrics["skipped"], metrics["skipped_in_a_row"]) == (2, 0)


def test_k_iterations_at_once_are_the_same_run(method, init, step):
    twice, state, every = repeat(method, 2), init(KEY, batch(0)), []
    for given in calls(method, 2):
        state, metrics = step(state, *given)
        every.append(metrics)
    ((batches, keys),) = calls(twice, 2)
    together, metrics = tiny.jit(twice.step)(init(KEY, batch(0)), batches, keys)
    tiny.assert_close(together, state, 1e-5)
    assert metrics.keys() == every[0].keys()
    for name, value in metrics.items():
        values = [float(metrics[name]) for metrics in every]
        wanted = max(values) if name.endswith("_gradient_norm") else values[-1]
        np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.fixture(scope="module")
def bare():
    """The method's state after four iterations."""
    state, step = start(METHOD), tiny.jit(METHOD.step)
    for given in calls(METHOD, 4):
        state, _ = step(state, *given)
    return state


@pytest.mark.slow
@pytest.mark.parametrize("name", NESTED)
def test_wrappers_nest(name, bare):
    nested, batches = NESTED[name], calls(NESTED[name], 4)
    state = tiny.jit(nested.init)(KEY, batches[0][0])
    for given in batches:
        state, metrics = compiled(name)(state, *given)
    assert TRACES.count(name) == 1
    assert int(state.step) == 4
    assert metrics["skipped"] == 0
    inner = unwrap(state)
    tiny.assert_close(inner.critic, bare.critic, 1e-5)
    tiny.assert_close(inner.generator.opt_state, bare.generator.opt_state, 1e-5)
    images = nested.sample(state, KEY, 2)
    tiny.assert_same_bits(images, METHOD.sample(inner, KEY, 2))
    assert np.abs(images - METHOD.sample(bare, KEY, 2)).max() > 1e-4


@pytest.fixture
def half():
    """The state of the outermost of three wrappers after two iterations."""
    (given,) = calls(NESTED["repeat_skip_ema"], 2)
    state = tiny.jit(NESTED["repeat_skip_ema"].init)(KEY, given[0])
    return compiled("repeat_skip_ema")(state, *given)[0]


def test_a_skipped_iteration_leaves_the_average_alone(half):
    before = jax.tree.map(jnp.copy, unwrap(half))
    _, (batches, keys) = calls(NESTED["repeat_skip_ema"], 4)
    broken = {"image": batches["image"].at[:, 0, 0].set(jnp.nan)}
    state, metrics = compiled("repeat_skip_ema")(half, broken, keys)
    assert (metrics["skipped"], metrics["skipped_in_a_row"]) == (2, 2)
    assert np.isnan(metrics["critic_gradient_norm"])
    tiny.assert_same_bits(unwrap(state), before._replace(step=jnp.int32(4)))


def test_save_restore_continue_is_bitwise(half, tmp_path):
    _, given = calls(NESTED["repeat_skip_ema"], 4)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(2, half)
        _, restored = checkpoints.restore(jax.eval_shape(lambda: half))
    straight, resumed = (compiled("repeat_skip_ema")(s, *given)[0] for s in (half, restored))
    tiny.assert_same_bits(straight, resumed)


@pytest.mark.slow
def test_a_sharded_batch_gives_the_same_update():
    wrapped = NESTED["repeat_skip_ema"]
    ((batches, keys),) = calls(wrapped, 2)
    axis = wrapped.batch_axis
    shape = (*batches["image"].shape[:axis], 2, N // 2, 8, 8, 1)
    with jax.enable_x64(True):
        double = lambda x: x.astype("f8") if x.dtype == np.float32 else x
        state, batches = jax.tree.map(double, (wrapped.init(KEY, batches), batches))
        shards = {"image": batches["image"].reshape(shape)}
        split = jax.vmap(wrapped.step, (None, axis, None), axis_name="data")
        sharded = tiny.jit(split)(state, shards, keys)
        whole = tiny.jit(wrapped.step)(state, batches, keys)
    first, second = (jax.tree.map(lambda x: x[i], sharded) for i in (0, 1))  # noqa: B023
    tiny.assert_same_bits(first, second)
    tiny.assert_close(first, whole, 1e-10)


def test_vmap_over_seeds_skips_each_seed_alone():
    wrapped = NESTED["skip_ema"]
    states = tiny.jit(jax.vmap(wrapped.init, (0, None)))(jax.random.split(KEY, 2), batch(0))
    images = np.stack([batch(0)["image"]] * 2)
    images[1, 0] = np.nan
    after, metrics = tiny.jit(jax.vmap(wrapped.step, (0, 0, None)))(states, {"image": images}, KEY)
    np.testing.assert_array_equal(metrics["skipped"], [0, 1])
    first, second = (jax.tree.map(lambda x: x[i], (states, after)) for i in (0, 1))  # noqa: B023
    assert np.any(
        unwrap(first[0]).critic.params["Dense_0"]["kernel"]
        != unwrap(first[1]).critic.params["Dense_0"]["kernel"]
    )
    tiny.assert_same_bits(unwrap(second[1]), unwrap(second[0])._replace(step=jnp.int32(1)))


@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_a_configuration_with_wrappers_survives_its_json(nested):
    before = Experiment(nested, data.Digits(), iterations=10)
    text = config.to_json(before)
    after = config.from_json(text, [tiny.Generator, tiny.Discriminator])
    assert config.to_json(after) == text
    assert repr(after.method) == repr(nested)


class Pair(NamedTuple):
    step: Any
    forward: Player
    backward: Player


@dataclasses.dataclass(frozen=True)
class Translator(core.MethodBase):
    """A method with two players that sampling reads, whose metrics are given by the batch."""

    sampled = ("forward", "backward")

    def init(self, key, batch):
        players = (Player({"w": jnp.float32(w)}, {}, jnp.float32(0)) for w in (1, 2))
        return Pair(jnp.int32(0), *players)

    def step(self, state, batch, key):
        step, *players = jax.tree.map(lambda leaf: leaf + 1, state)
        return Pair(step, *players), batch

    def translate(self, state, images, scale=1):
        return images * (state.forward.params["w"] + state.backward.params["w"]) * scale


def test_translators_are_averaged_over_all_that_they_name():
    averaged = with_ema(Translator(), 0.0)
    state, _ = averaged.step(averaged.init(KEY, {}), {}, KEY)
    assert state.average.keys() == {"forward", "backward"}
    wrapped = skip_nonfinite(with_ema(Translator(), 0.5))
    state, _ = wrapped.step(wrapped.init(KEY, {}), {"a_loss": 0.0}, KEY)  # d = 1/10
    np.testing.assert_allclose(wrapped.translate(state, 1.0, scale=2), 2 * (1.9 + 2.9))
    assert unwrap(state).forward.opt_state == 1
    assert not core.is_translator(skip_nonfinite(METHOD))


@pytest.mark.parametrize(
    ("metrics", "skipped"),
    [
        ({"a_loss": 1.0, "a_gradient_norm": 2.0, "ratio": np.nan}, 0),
        ({"a_loss": -np.inf, "a_gradient_norm": 2.0}, 1),
        ({"a_loss": 1.0, "b_gradient_norm": np.inf, "a_gradient_norm": 1.0}, 1),
    ],
)
def test_losses_and_gradient_norms_decide(metrics, skipped):
    guarded = skip_nonfinite(Translator())
    state, found = guarded.step(guarded.init(KEY, {}), metrics, KEY)
    assert found["skipped"] == skipped
    assert state.state.forward.params["w"] == 2 - skipped
    assert state.step == 1


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"must be in \[0, 1\), but is 1"):
        with_ema(METHOD, 1.0)
    with pytest.raises(ValueError, match="k must be positive, but is 0"):
        repeat(METHOD, 0)
    with pytest.raises(ValueError, match=r"takes 3 keys, one an iteration, but has keys \(\)"):
        repeat(METHOD, 3).step(None, {}, KEY)


def stacked(items):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *items)


def of_run(tree, i):
    return jax.tree.map(lambda leaf: leaf[i], tree)


def run(method, key, *batches_and_keys, start=None):
    """States before the first step and after the last, three samples, and the last metrics."""
    if start is None:
        start = tiny.jit(method.init)(key, batches_and_keys[0][0])
    state, step = start, tiny.jit(method.step)
    for given in batches_and_keys:
        state, metrics = step(state, *given)
    return (start, state, tiny.jit(method.sample, static_argnums=2)(state, key, 3)), metrics


def test_each_of_several_seeds_is_a_run_of_its_own(method):
    each = [[(batch(2 * i + t), key(10 * i + t)) for t in range(2)] for i in range(2)]
    keys, given = jax.random.split(KEY, 2), [stacked(pair) for pair in zip(*each, strict=True)]
    together, metrics = run(seeds(method, 2), keys, *given)
    for i, own in enumerate(each):
        alone, values = run(method, keys[i], *own)
        tiny.assert_close(of_run(together, i), alone, 1e-5)
        assert metrics.keys() == values.keys()
        for name, value in values.items():
            np.testing.assert_allclose(metrics[name][i], value, rtol=1e-4, atol=1e-6, err_msg=name)


class Painter(nn.Module):
    """Noise to 8x8 images by a convolution."""

    @nn.compact
    def __call__(self, z):
        return jnp.tanh(Conv(1, 3, padding=1)(nn.Dense(128)(z).reshape(-1, 8, 8, 2)))


def test_seeds_convolve_one_after_another_on_a_cpu_alone():
    convolving = seeds(dataclasses.replace(METHOD, generator=Painter()), 2)
    batches, keys = stacked([batch(0), batch(1)]), jax.random.split(KEY, 2)
    (_, states, samples), _ = run(convolving, keys, (batches, keys))
    for i in range(2):
        alone = convolving.method.sample(of_run(states, i), keys[i], 3)
        np.testing.assert_allclose(samples[i], alone, atol=1e-6)
    z = jax.vmap(METHOD.prior, (0, None))(keys, 3)
    np.testing.assert_allclose(convolving.generate(states, z), samples, atol=1e-6)
    dense = seeds(METHOD, 2)
    for method, state, platform, loops in [
        (convolving, states, "cpu", True),
        (convolving, states, "tpu", False),
        (dense, jax.eval_shape(dense.init, keys, batches), "cpu", False),
    ]:
        program = jax.jit(method.generate).trace(state, z).lower(lowering_platforms=(platform,))
        assert ("stablehlo.while" in program.as_text()) == loops


def test_seeds_go_outside_of_the_other_wrappers():
    inside = NESTED["repeat_skip_ema"]
    (batches, keys), other = calls(inside, 4)
    broken = {"image": batches["image"].at[1, 0, 0].set(jnp.nan)}
    each = [other, (broken, keys)]
    starts = [start(inside.method)] * 2
    # In doubles the rounding of two programs is far below what a difference between them makes.
    with jax.enable_x64(True):
        starts, each = tiny.double((starts, each))
        together, metrics = run(seeds(inside, 2), keys, stacked(each), start=stacked(starts))
        np.testing.assert_array_equal(metrics["skipped"], [0, 1])
        for i, given in enumerate(each):
            alone, _ = run(inside, keys[i], given, start=starts[i])
            tiny.assert_close(of_run(together, i), alone, 1e-10)


def test_seeds_take_as_many_keys_and_are_not_none():
    with pytest.raises(ValueError, match="num must be positive, but is 0"):
        seeds(METHOD, 0)
    with pytest.raises(ValueError, match=r"takes 3 keys, one a run, but has keys \(2,\)"):
        seeds(METHOD, 3).init(jax.random.split(KEY, 2), {})

"""The conformance suite: what every method must keep, whatever its paper."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import data
from gans_jax.metrics import energy_distance, mode_shares
from gans_jax.training.checkpoint import Checkpoints
from tests import tiny
from tests.cases import CASES, Case

N = 4
KEY = jax.random.key(0)


def batch(case: Case, t: int = 0) -> dict[str, np.ndarray]:
    return {"image": tiny.images(case.method.critic_iterations(t), N, seed=t)}


@pytest.fixture(params=CASES, ids=lambda case: case.name, scope="module")
def case(request):
    return request.param


@pytest.fixture(scope="module")
def init(case):
    return tiny.jit(case.method.init)


@pytest.fixture(scope="module")
def traces(case):
    return []


@pytest.fixture(scope="module")
def step(case, traces):
    def counted(state, batch, key):
        traces.append(jax.tree.map(jnp.shape, batch))
        return case.method.step(state, batch, key)

    return tiny.jit(counted)


@pytest.fixture(scope="module")
def sample(case):
    return tiny.jit(case.method.sample, static_argnums=2)


def run(case, init, step, start, stop, state=None):
    state = init(KEY, batch(case)) if state is None else state
    for t in range(start, stop):
        state, metrics = step(state, batch(case, t), jax.random.fold_in(KEY, t))
    return state, metrics


def test_init_step_sample(case, init, step, sample):
    state, metrics = run(case, init, step, 0, 3)
    assert int(state.step) == 3
    assert all(np.isfinite(value) for value in metrics.values()), metrics
    images = sample(state, KEY, 8)
    assert images.shape == (8, 8, 8, 1)
    assert images.dtype == jnp.float32
    assert 0 < jnp.abs(images).max() <= 1


def test_a_sample_does_not_depend_on_those_beside_it(case, init, step, sample):
    state, _ = run(case, init, step, 0, 2)
    tiny.assert_close(sample(state, KEY, 8)[:3], sample(state, KEY, 3), 1e-6)


def test_one_trace_for_all_iterations(case, init, step, traces):
    run(case, init, step, 0, 4)
    assert len(traces) == 1


def test_step_keeps_structure_types_and_shapes(case):
    key = jax.eval_shape(lambda: KEY)
    before = jax.eval_shape(case.method.init, key, batch(case))
    after, metrics = jax.eval_shape(case.method.step, before, batch(case), key)
    assert jax.tree.structure(before) == jax.tree.structure(after)
    assert jax.tree.leaves(before) == jax.tree.leaves(after)
    assert {value.shape for value in metrics.values()} == {()}
    assert {leaf.dtype for leaf in jax.tree.leaves(before)} <= {np.dtype("f4"), np.dtype("i4")}
    for player in (case.opponent, "generator"):
        assert {f"{player}_loss", f"{player}_gradient_norm"} <= metrics.keys()


def test_each_loss_moves_its_own_player_only(case, init):
    method, state = case.method, init(KEY, batch(case))
    real, z = jnp.float32(batch(case)["image"][0]) / 255, method.prior(KEY, N)
    opponent_loss = getattr(method, f"{case.opponent}_loss")

    def gradients(loss):
        # Integer leaves (Adam's count) have no gradient.
        grads = tiny.jit(jax.grad(loss, allow_int=True))(state)
        return {
            name: max(float(jnp.abs(g).max()) for g in jax.tree.leaves(getattr(grads, name).params))
            for name in (case.opponent, "generator")
        }

    both = lambda state: (getattr(state, case.opponent), state.generator)  # noqa: E731
    opponents = gradients(lambda s: opponent_loss(*both(s), real, z, KEY)[0])
    assert opponents["generator"] == 0 < opponents[case.opponent]
    generators = gradients(lambda s: method.generator_loss(*both(s)[::-1], z, KEY)[0])
    assert generators[case.opponent] == 0 < generators["generator"]


def test_statistics_change_in_a_players_own_update_only(case, init):
    method, state = case.method, init(KEY, batch(case))
    real, z = jnp.float32(batch(case)["image"][0]) / 255, method.prior(KEY, N)
    opponent = getattr(state, case.opponent)
    loss = tiny.jit(getattr(method, f"{case.opponent}_loss"))
    opponents, generators = (
        loss(opponent, state.generator, real, z, KEY)[1][0],
        tiny.jit(method.generator_loss)(state.generator, opponent, z, KEY)[1][0],
    )
    for stats, old in (
        (opponents, opponent.batch_stats),
        (generators, state.generator.batch_stats),
    ):
        assert jax.tree.structure(stats) == jax.tree.structure(old)
        before = tiny.leaves(old)
        assert all((new != before[path]).any() for path, new in tiny.leaves(stats).items())


def test_same_key_same_bits(case, init, step):
    state, again, other = (
        step(init(KEY, batch(case)), batch(case), key)[0] for key in (KEY, KEY, jax.random.key(1))
    )
    tiny.assert_same_bits(state, again)
    with pytest.raises(AssertionError):
        tiny.assert_same_bits(state, other)


def test_save_restore_continue_is_bitwise(case, init, step, tmp_path):
    straight, _ = run(case, init, step, 0, 4)
    half, _ = run(case, init, step, 0, 2)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(2, half)
        _, restored = checkpoints.restore(jax.eval_shape(case.method.init, KEY, batch(case)))
    resumed, _ = run(case, init, step, 2, 4, restored)
    tiny.assert_same_bits(straight, resumed)


def test_vmap_over_seeds_and_scan_over_iterations(case, init, step):
    keys = jax.random.split(KEY, 2)
    batches = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(batch(case, t) for t in (0, 1)))

    def train(key):
        state = case.method.init(key, batch(case))
        return jax.lax.scan(lambda s, x: case.method.step(s, x, key), state, batches)

    together, _ = tiny.jit(jax.vmap(train))(keys)
    for index, key in enumerate(keys):
        state = init(key, batch(case))
        for t in (0, 1):
            state, _ = step(state, batch(case, t), key)
        tiny.assert_close(jax.tree.map(lambda leaf: leaf[index], together), state, 1e-4)  # noqa: B023


def double(tree):
    """Floating leaves in float64."""
    return jax.tree.map(lambda x: x.astype("f8") if x.dtype.kind == "f" else x, tree)


def test_a_sharded_batch_gives_the_same_update(case, init):
    """Two shards under an axis called data, as pmap and shard_map bind it, against one batch."""
    state = init(KEY, batch(case))
    with jax.enable_x64(True):
        state, full = double(state), {"image": np.float64(batch(case)["image"]) / 127.5 - 1}
        shards = jax.tree.map(lambda x: x.reshape(x.shape[0], 2, N // 2, *x.shape[2:]), full)
        split = jax.vmap(case.method.step, (None, 1, None), axis_name="data")
        sharded, metrics = tiny.jit(split)(state, shards, KEY)
        whole, expected = tiny.jit(case.method.step)(state, full, KEY)
    first, second = (jax.tree.map(lambda x: x[i], (sharded, metrics)) for i in (0, 1))  # noqa: B023
    tiny.assert_same_bits(first, second)
    tiny.assert_close(first, (whole, expected), 1e-10)


RING = data.GaussianRing(modes=8, radius=2.0, std=0.2)


def learned(samples: np.ndarray, untrained: np.ndarray) -> list[str]:
    """What is missing for a ring well learned: nothing, or sentences."""
    real = RING.arrays["image"][:2000]
    ratio = energy_distance(samples, real) / energy_distance(untrained, real)
    shares = mode_shares(samples, RING.centers, RING.std)
    missing = [f"energy distance at {ratio:.2f} of untrained"] if ratio > 0.25 else []
    return missing + [f"mode shares {shares.round(3)}"] * bool(shares.min() < 0.05)


def test_learns_a_ring_of_gaussians(case):
    """Settings per method are in cases.py; the untrained generator must fail."""
    method, stream = case.ring, data.stream(RING, batch_size=256, method=case.ring)
    iterations_per_call = 250

    @functools.partial(jax.jit, donate_argnums=0)
    def iterate(state, batches, steps):
        def body(state, xs):
            batch, t = xs
            return method.step(state, batch, jax.random.fold_in(KEY, t))

        return jax.lax.scan(body, state, (batches, steps))[0]

    sample = lambda state: np.asarray(method.sample(state, KEY, 2000))  # noqa: E731
    state = jax.jit(method.init)(KEY, stream[0])
    untrained = sample(state)
    for start in range(0, case.ring_iterations, iterations_per_call):
        steps = np.arange(start, start + iterations_per_call)
        batches = [stream[int(t)] for t in steps]
        state = iterate(state, jax.tree.map(lambda *x: np.stack(x), *batches), steps)
    assert learned(untrained, untrained)
    assert not learned(sample(state), untrained)

"""The conformance suite: what every method must keep, whatever its paper."""

import dataclasses
import functools
from typing import Any

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gans_jax import GAN, WGAN, WGANGP, Pix2Pix, SimGAN, data, losses, penalties, priors, schedules
from gans_jax.metrics import energy_distance, mode_shares
from gans_jax.wrappers import EMAState, unwrap, with_ema
from tests.support import tiny
from tests.support.cases import BIGAN, CASES, FROM_NOISE, TRANSLATORS, Case, N

NETWORKS = (tiny.Generator(), tiny.Discriminator(batch_norm=False))
KEY = jax.random.key(0)


def batch(case: Case, t: int = 0) -> dict[str, np.ndarray]:
    return case.batch(case.method, t)


def params(cases: list[Case]) -> list:
    marks = {True: pytest.mark.slow, False: ()}
    return [pytest.param(case, id=case.name, marks=marks[case.slow]) for case in cases]


@pytest.fixture(params=params(CASES), scope="module")
def case(request):
    return request.param


def only(cases: list[Case]):
    return pytest.mark.parametrize("case", params(cases), indirect=True, scope="module")


@pytest.fixture(scope="module")
def init(case):
    return tiny.jit(case.method.init)


@pytest.fixture(scope="module")
def step(case):
    """The compiled step, which no test may make jax trace a second time."""
    chex.clear_trace_counter()  # it takes the steps of two cases for one
    return tiny.jit(chex.assert_max_traces(case.method.step, n=1))


@pytest.fixture(scope="module")
def images(case):
    return tiny.jit(functools.partial(case.images, case.method), static_argnums=2)


def run(case, init, step, start, stop, state=None):
    state = init(KEY, batch(case)) if state is None else state
    for t in range(start, stop):
        state, metrics = step(state, batch(case, t), jax.random.fold_in(KEY, t))
    return state, metrics


def test_init_step_images(case, init, step, images):
    """Three iterations of one trace."""
    state, metrics = run(case, init, step, 0, 3)
    assert int(state.step) == 3
    assert all(np.isfinite(value) for value in metrics.values()), metrics
    made = images(state, KEY, 8)
    assert made.shape == (8, 8, 8, 1)
    assert made.dtype == jnp.float32
    assert 0 < jnp.abs(made).max() <= 1


def test_an_image_does_not_depend_on_those_beside_it(case, init, step, images):
    state, _ = run(case, init, step, 0, 2)
    tiny.assert_close(images(state, KEY, 8)[:3], images(state, KEY, 3), 1e-6)


def test_step_keeps_structure_types_and_shapes(case):
    key = jax.eval_shape(lambda: KEY)
    before = jax.eval_shape(case.method.init, key, batch(case))
    after, metrics = jax.eval_shape(case.method.step, before, batch(case), key)
    chex.assert_trees_all_equal_shapes_and_dtypes(before, after)
    assert {value.shape for value in metrics.values()} == {()}
    assert {leaf.dtype for leaf in jax.tree.leaves(before)} <= {np.dtype("f4"), np.dtype("i4")}
    for player in case.players:
        assert {f"{player}_loss", f"{player}_gradient_norm"} <= metrics.keys()


@pytest.fixture(scope="module")
def derivatives(case, init):
    """A state, the gradients of all losses, `[losses, ...]`, and by player its new statistics."""
    state = init(KEY, batch(case))

    def losses(params):
        players = {name: getattr(state, name)._replace(params=p) for name, p in params.items()}
        found = case.losses(case.method, state._replace(**players), batch(case), KEY)
        values = jnp.stack([found[player][0] for player in case.players])
        return values, {player: found[player][1][0] for player in case.players}

    params = {name: getattr(state, name).params for name in case.players}
    return state, *tiny.jit(jax.jacrev(losses, has_aux=True))(params)


def test_each_loss_moves_its_own_player_only(case, derivatives):
    _, gradients, _ = derivatives
    for index, player in enumerate(case.players):
        for other in case.players:
            leaves = jax.tree.leaves(gradients[other])
            largest = max(float(jnp.abs(leaf[index]).max()) for leaf in leaves)
            assert largest > 0 if other == player else largest == 0, (player, other)


def test_statistics_change_in_a_players_own_update_only(case, derivatives):
    state, _, by_player = derivatives
    for player in case.players:
        stats, old = by_player[player], getattr(state, player).batch_stats
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
    pytest.importorskip("orbax.checkpoint")  # a GPU machine may lack it
    checkpoint = pytest.importorskip("gans_jax.runs.checkpoint")
    straight, _ = run(case, init, step, 0, 4)
    half, _ = run(case, init, step, 0, 2)
    with checkpoint.Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(2, half)
        _, restored = checkpoints.restore(jax.eval_shape(case.method.init, KEY, batch(case)))
    resumed, _ = run(case, init, step, 2, 4, restored)
    tiny.assert_same_bits(straight, resumed)


def exact(batch):
    """The batch with float64 images."""
    image = lambda x: np.float64(x) / 127.5 - 1 if x.dtype == np.uint8 else x
    return jax.tree.map(image, batch)


def test_vmap_over_seeds_and_scan_over_iterations(case, init):
    """In float64: with a norm such as L1 the rounding of float32 decides the sign of a slope."""
    keys = jax.random.split(KEY, 2)
    stack = lambda *leaves: jnp.stack(leaves)
    states = [init(key, batch(case)) for key in keys]
    step = tiny.jit(case.method.step)  # the fixture is the step of float32

    def train(state, key):
        return jax.lax.scan(lambda s, x: case.method.step(s, x, key), state, batches)

    with jax.enable_x64(True):
        states = tiny.double(states)
        batches = jax.tree.map(stack, *(exact(batch(case, t)) for t in (0, 1)))
        together, _ = tiny.jit(jax.vmap(train))(jax.tree.map(stack, *states), keys)
        for index, (state, key) in enumerate(zip(states, keys, strict=True)):
            for t in (0, 1):
                state, _ = step(state, exact(batch(case, t)), key)
            one = jax.tree.map(lambda leaf: leaf[index], together)  # noqa: B023
            tiny.assert_close(one, state, 1e-10)


@dataclasses.dataclass(frozen=True)
class Recorded:
    """A prior that keeps what a running program draws."""

    prior: Any
    draws: list

    def __call__(self, key, num):
        z = self.prior(key, num)
        jax.debug.callback(lambda z: self.draws.append(np.array(z)), z)
        return z


class Linear(nn.Module):
    """One layer, since nothing but the noise is looked at."""

    shape: tuple[int, ...]

    @nn.compact
    def __call__(self, x):
        return nn.DenseGeneral(self.shape)(x.reshape(x.shape[0], -1))


@pytest.mark.parametrize(
    "case",
    {type(case.method): case for case in reversed(FROM_NOISE)}.values(),
    ids=lambda case: case.name,
)
def test_each_update_draws_its_own_noise(case):
    """The first case of each class: a step does not see its loss."""
    draws, networks = [], {case.players[0]: Linear((1,)), "generator": Linear((8, 8, 1))}
    method = dataclasses.replace(case.method, prior=Recorded(case.method.prior, draws), **networks)
    state = tiny.jit(method.init)(KEY, batch(case))
    jax.effects_barrier()
    draws.clear()
    jax.block_until_ready(tiny.jit(method.step)(state, batch(case), KEY))
    jax.effects_barrier()
    assert len(draws) == len(method.minibatches(0)) + 1
    rows = np.concatenate(draws)
    assert len(np.unique(rows, axis=0)) == len(rows) >= N * 3


def test_an_average_is_what_sampling_reads(case, init, images):
    """All of it: of a state with the average of another one, nothing else shows."""
    state, other = (init(key, batch(case)) for key in jax.random.split(KEY))
    sampled = with_ema(case.method, 0.9).sampled
    found = {name: getattr(other, name) for name in sampled}
    average = {n: {"params": p.params, "batch_stats": p.batch_stats} for n, p in found.items()}
    averaged = images(unwrap(EMAState(state, average)), KEY, 3)
    tiny.assert_same_bits(averaged, images(other, KEY, 3))
    assert not set(sampled) - set(case.players)
    assert (averaged != images(state, KEY, 3)).any()


def test_a_sharded_batch_gives_the_same_update(case, init, step):
    """Two shards under an axis called data, as pmap and shard_map bind it, against one batch."""
    axis, (state, _) = case.method.batch_axis, run(case, init, step, 0, 2)
    with jax.enable_x64(True):
        full = exact(batch(case, 2))
        split = lambda x: x.reshape(*x.shape[:axis], 2, N // 2, *x.shape[axis + 1 :])
        state, shards = tiny.double(state), jax.tree.map(split, full)
        sharded, metrics = tiny.jit(
            jax.vmap(case.method.step, (None, axis, None), axis_name="data")
        )(state, shards, KEY)
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


def train(method, batch, iterations, iterations_per_call=250):
    """The states before the first iteration and after the last of `batch(t)`."""

    @jax.jit
    def iterate(state, batches, steps):
        def body(state, xs):
            batch, t = xs
            return method.step(state, batch, jax.random.fold_in(KEY, t))

        return jax.lax.scan(body, state, (batches, steps))[0]

    untrained = state = tiny.jit(method.init)(KEY, batch(0))
    for start in range(0, iterations, iterations_per_call):
        steps = np.arange(start, start + iterations_per_call)
        batches = [batch(int(t)) for t in steps]
        state = iterate(state, jax.tree.map(lambda *x: np.stack(x), *batches), steps)
    return untrained, state


@only([*FROM_NOISE, BIGAN])
def test_learns_a_ring_of_gaussians(case):
    """Settings per method are in cases.py; the untrained generator must fail."""
    stream = data.stream(RING, batch_size=256, method=case.toy)
    untrained, trained = (
        np.asarray(case.toy.sample(state, KEY, 2000))
        for state in train(case.toy, lambda t: stream[t], case.iterations)
    )
    assert mode_shares(untrained, RING.centers, RING.std).min() < 0.05
    assert energy_distance(untrained, RING.arrays["image"][:2000]) > 0.1
    assert not learned(trained, untrained)


def objects(case: Case, t: int) -> dict[str, np.ndarray]:
    """Squares of one colour in domain a, of the opposite one in b; in pairs for pix2pix."""
    k = len(case.toy.minibatches(t)) if case.toy.batch_axis else 1
    seeds = (t, t) if isinstance(case.toy, Pix2Pix) else (2 * t, 2 * t + 1)
    a, b = tiny.objects(k * 16, 1, seeds[0]), tiny.objects(k * 16, -1, seeds[1])
    batch = {"a": a[0], "b": b[0]}
    if getattr(case.toy, "supervised", False):
        batch |= {"mask_a": a[1], "mask_b": b[1]}
    shape = (k, 16) if case.toy.batch_axis else (16,)
    return {name: images.reshape(*shape, *images.shape[1:]) for name, images in batch.items()}


def mistakes(method, state) -> dict[str, float]:
    """The mean error per direction and region: squares are to change their sign, and no more."""
    (a, mask), (b, _) = tiny.objects(200, 1, seed=10**6), tiny.objects(200, -1, seed=10**6)
    directions = {"a_to_b": (a, b)}
    if not isinstance(method, Pix2Pix | SimGAN):
        directions["b_to_a"] = b, a
    errors = {}
    for direction, (source, target) in directions.items():
        error = np.abs(method.translate(state, source, direction, key=KEY) - target)
        errors[f"{direction} object"] = error[mask[..., 0] == 1].mean()
        errors[f"{direction} background"] = error[mask[..., 0] == 0].mean()
    return errors


@only(TRANSLATORS)
def test_learns_to_change_the_objects(case):
    """An identity has an error of 1.6 on the objects, an inversion one of 0.16 on the noise.

    Only masks say for sure which is which. Settings per method are in cases.py.
    """
    untrained, trained = (
        mistakes(case.toy, state)
        for state in train(case.toy, functools.partial(objects, case), case.iterations)
    )
    background = 0.02 if getattr(case.toy, "supervised", False) else 0.2
    limits = {name: 0.15 if name.endswith("object") else background for name in trained}
    assert any(untrained[name] > 2 * limit for name, limit in limits.items()), untrained
    assert all(trained[name] < limit for name, limit in limits.items()), trained


@pytest.mark.parametrize(
    "method",
    [
        WGANGP(tiny.Generator(), tiny.Discriminator()),
        GAN(tiny.Generator(), tiny.Discriminator(), penalty=penalties.GradientPenalty()),
    ],
    ids=["wgan_gp", "gan"],
)
def test_a_gradient_penalty_refuses_a_critic_with_batch_norm(method):
    with pytest.raises(ValueError, match="gradient penalty needs a critic without batch norm"):
        jax.eval_shape(method.init, KEY, {"image": tiny.images(1, N)})


def test_a_generator_of_another_size_is_refused():
    method = GAN(tiny.Generator(), tiny.Discriminator())
    images = np.zeros((1, N, 9, 9, 1), np.uint8)
    with pytest.raises(ValueError, match=r"\(8, 8, 1\), but the data have \(9, 9, 1\)"):
        jax.eval_shape(method.init, KEY, {"image": images})


def test_wgans_warm_up_has_two_traces():
    method = WGAN(tiny.Generator(), tiny.Discriminator(), prior=priors.Uniform(8), warmup=True)
    counts = []

    def step(state, batch, key):
        counts.append(batch["image"].shape[0])
        return method.step(state, batch, key)

    step, state = tiny.jit(step), None
    for t in (24, 25, 26, 499, 500, 501):
        batch = {"image": tiny.images(len(method.minibatches(t)), N)}
        state = tiny.jit(method.init)(KEY, batch) if state is None else state
        state, _ = step(state, batch, KEY)
    assert counts == [100, 5]
    weights = jax.tree.leaves(state.critic.params)
    assert max(float(jnp.abs(w).max()) for w in weights) <= np.float32(method.clip)


@pytest.mark.parametrize(("clip_first", "critic", "generator"), [(False, 1, 1.5), (True, 1.5, 2)])
def test_wgan_clips_after_or_before_each_critic_update(clip_first, critic, generator):
    """f(x) = wx with w = 3 and g(z) = az with a = 1/2, at x = z = 1: w gains 1/2, and a gains w."""
    line = nn.Dense(1, use_bias=False, kernel_init=nn.initializers.constant(3))
    ones = lambda key, num: jnp.ones((num, 1))
    method = WGAN(
        line.clone(kernel_init=nn.initializers.constant(0.5)),
        line,
        prior=ones,
        learning_rate=1.0,
        clip=1.0,
        clip_first=clip_first,
        optimizer=optax.sgd,
    )
    batch = {"image": jnp.ones((2, N, 1))}
    state, metrics = tiny.jit(method.step)(method.init(KEY, batch), batch, KEY)
    assert state.critic.params["kernel"].item() == critic
    assert state.generator.params["kernel"].item() == generator
    assert metrics["wasserstein"] == 0.5  # of the second update, at w = 1


def parameters_after_a_step(method, state_step=0, **changes):
    """Of the generator and its opponent, after a first step of plain gradient descent."""
    method = dataclasses.replace(method, optimizer=optax.sgd, **changes)
    images = {"image": tiny.images(1, N)}
    state = tiny.jit(method.init)(KEY, images)._replace(step=jnp.int32(state_step))
    after, _ = tiny.jit(method.step)(state, images, KEY)
    change = jax.tree.map(lambda a, b: a - b, after, state)
    return tiny.leaves(change.generator.params), tiny.leaves(change[2].params)


def scaled(change, other):
    """The factor between two changes of all parameters."""
    moved = {path: v for path, v in other.items() if np.any(v)}
    return {round(float(np.sum(change[p] * v) / np.sum(v * v)), 3) for p, v in moved.items()}


def test_the_discriminators_own_learning_rate():
    method = GAN(*NETWORKS, learning_rate=1e-3)
    base, faster = (
        parameters_after_a_step(method, discriminator_learning_rate=rate) for rate in (None, 3e-3)
    )
    assert scaled(faster[1], base[1]) == {3.0}


@pytest.mark.parametrize(
    "method", [GAN, functools.partial(WGAN, clip=100.0), WGANGP], ids=["GAN", "WGAN", "WGANGP"]
)
def test_a_schedule_scales_both_players(method):
    method = method(*NETWORKS, learning_rate=1e-3, schedule=schedules.LinearDecay(end=4))
    # The opponent's update at a factor is that factor times the update at factor 1.
    _, start = parameters_after_a_step(method, state_step=0)
    generator, half = parameters_after_a_step(method, state_step=2)
    assert scaled(half, start) == {0.5}
    end = parameters_after_a_step(method, state_step=4)
    assert not any(np.any(leaf) for player in end for leaf in player.values())
    assert any(np.any(leaf) for leaf in generator.values())


@dataclasses.dataclass(frozen=True)
class Scheduled(losses.NonSaturating):
    """Twice the loss from step 3 on."""

    def discriminator(self, on_real, on_fake, step=0):
        return (1 + (step >= 3)) * super().discriminator(on_real, on_fake)


def test_a_loss_is_given_the_step():
    method = GAN(*NETWORKS, loss=Scheduled())
    (_, early), (_, late) = (parameters_after_a_step(method, state_step=t) for t in (0, 3))
    assert scaled(late, early) == {2.0}


def test_the_penalty_is_added_to_the_discriminators_loss():
    method = GAN(*NETWORKS, prior=priors.Uniform(8))
    state = tiny.jit(method.init)(KEY, {"image": tiny.images(1, N)})
    real, z = jnp.float32(tiny.images(N)) / 255, method.prior(KEY, N)

    def loss(penalty):
        penalised = dataclasses.replace(method, penalty=penalty)
        players = state.discriminator, state.generator
        return tiny.jit(penalised.discriminator_loss)(*players, real, z, KEY)[0]

    once, twice = (loss(penalties.GradientPenalty(weight)) for weight in (1.0, 2.0))
    assert once > loss(None)
    np.testing.assert_allclose(twice - once, once - loss(None), rtol=1e-4)


@pytest.mark.parametrize("method", [case.method for case in CASES], ids=lambda m: type(m).__name__)
def test_an_optimizer_that_was_made_already_is_refused(method):
    with pytest.raises(ValueError, match="optimizer must be a function of the learning rate"):
        dataclasses.replace(method, optimizer=optax.adam(1e-3))

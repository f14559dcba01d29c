"""One device against four, for every method; `tests/test_parallel.py` runs it in a process of four.

The flags that make four devices of a CPU must be set before jax starts, and hold for all of a
process. Every step is waited for: unsynchronised ones starve each other of the few real cores.
"""

import dataclasses
import functools
import itertools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import NamedSharding, PartitionSpec

from gans_jax import core, data, parallel, priors, wrappers
from gans_jax.augmentations import Colour, Crop, Flip, augment
from gans_jax.data.source import InMemory
from gans_jax.training import CheckpointError, Checkpoints, Experiment, resident, train
from gans_jax.training.layout import choose_layout
from gans_jax.training.placement import Placement
from gans_jax.training.processes import Processes
from gans_jax.training.program import Program
from tests.support import tiny
from tests.support.cases import CASES, CONDITIONAL
from tests.support.every_type import Every

N = 16  # the global batch


@dataclasses.dataclass(frozen=True)
class Pixels(InMemory):
    @property
    def arrays(self):
        return {"image": tiny.images(40)}


# The losses of GAN differ in a few element-wise lines: one stands for all where time is short.
REDUNDANT = {"minimax", "least_squares", "hinge"}
ONE_OF_EACH = {type(c.method): c for c in CASES if c.name not in REDUNDANT and c not in CONDITIONAL}


# WGAN, CycleGAN, Coulomb GAN and a GAN have all that these share between devices, in less time.
LATER = {"conditional_wgan_gp", "pix2pix", "wgan_gp"}


def params(cases):
    slow = {case.name for case in cases if case.slow} | LATER
    return [
        pytest.param(case, id=case.name, marks=[pytest.mark.slow] * (case.name in slow))
        for case in cases
    ]


def batch(case, t=0, n=N):
    return case.batch(case.method, t, n)


def double(tree):
    """Floating leaves in float64, and images as such from -1 to 1."""

    def convert(x):
        return np.float64(x) / 127.5 - 1 if x.dtype == np.uint8 else x

    return jax.tree.map(lambda x: x.astype("f8") if x.dtype.kind == "f" else convert(x), tree)


def states(step, state, batches, key):
    """The states after the first and the last iteration."""
    first = None
    for t, batch in enumerate(batches):
        state, _ = jax.block_until_ready(step(state, batch, jax.random.fold_in(key, t)))
        first = jax.device_get(state) if first is None else first
    return first, state


def assert_replicas(tree):
    """Every device holds the same bits."""
    for path, leaf in jax.tree.leaves_with_path(tree):
        shards = [np.asarray(shard.data) for shard in leaf.addressable_shards]
        assert len(shards) == 4, path
        assert {shard.tobytes() for shard in shards} == {shards[0].tobytes()}, path


@pytest.mark.parametrize("case", params(CASES))
def test_one_device_is_four(case):
    """With rbg keys, as on TPU, and in float64, because clipping amplifies rounding."""
    method, mesh, key = case.method, parallel.mesh(), jax.random.key(7, impl="rbg")
    with jax.enable_x64(True):
        state = double(jax.device_get(tiny.jit(method.init)(key, batch(case))))
        batches = [double(batch(case, t)) for t in range(5)]
        expected = states(tiny.jit(method.step), state, batches, key)
        placed = [parallel.put_batch(mesh, batch, method.batch_axis) for batch in batches]
        for step, given in (
            (parallel.pmapped_step(method), batches),
            (parallel.sharded_step(method, mesh), placed),
        ):
            first, last = states(step, parallel.replicate(mesh, state), given, key)
            # The momentum in the first state is the gradient.
            tiny.assert_close(first, expected[0], 1e-5)
            tiny.assert_close(last, expected[1], 1e-5)
            assert_replicas(last)


def without_batch_norm(next_call, args, kwargs, context):
    if isinstance(context.module, nn.BatchNorm) and context.method_name == "__call__":
        return args[0]
    return next_call(*args, **kwargs)


@pytest.mark.parametrize(
    "case",
    params([*ONE_OF_EACH.values(), CONDITIONAL[-1]]),
)
def test_micro_batches_are_the_whole_batch(case):
    """One device against four with two micro-batches each, with threefry keys."""
    method, key, mesh = case.method, jax.random.key(7), parallel.mesh()
    if getattr(method, "couples_examples", False):
        with pytest.raises(ValueError, match="couple the examples"):
            parallel.accumulate(method, 2)
        return
    with jax.enable_x64(True), nn.intercept_methods(without_batch_norm):
        state = double(jax.device_get(tiny.jit(method.init)(key, batch(case))))
        full = double(batch(case))
        expected = tiny.jit(method.step)(state, full, key)
        step = parallel.sharded_step(parallel.accumulate(method, 2), mesh)
        actual = step(parallel.replicate(mesh, state), full, key)
        tiny.assert_close(actual, expected, 1e-10)


def on(devices, function, *arrays):
    """`function` with its arrays sharded over the first devices, on the gathered result."""
    mesh, rows = parallel.mesh(jax.devices()[:devices]), PartitionSpec("data")
    mapped = jax.shard_map(function, mesh=mesh, in_specs=rows, out_specs=rows, check_vma=False)
    return np.asarray(jax.jit(mapped)(*arrays))


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg"])
def test_noise_and_dropout_do_not_depend_on_the_devices(implementation):
    key = jax.random.key(3, impl=implementation)
    dropout = nn.Dropout(0.5, deterministic=False)
    run = lambda x: core.apply(dropout, core.Player({}, {}, ()), x, train=True, key=key)[0]
    draw = lambda x: priors.Uniform(6)(key, x.shape[0])
    for function in (run, draw):
        one, two, four = (on(n, function, np.ones((8, 6), np.float32)) for n in (1, 2, 4))
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, four)
        assert len(np.unique(one)) > 1


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg"])
@pytest.mark.parametrize("change", [Flip(), Crop(6), Colour()], ids=lambda c: type(c).__name__)
def test_augmentation_does_not_depend_on_the_devices(implementation, change):
    key, images = jax.random.key(3, impl=implementation), np.repeat(tiny.images(1), 8, axis=0)
    function = lambda x: augment(x, key, change)
    one, two, four = (on(n, function, images) for n in (1, 2, 4))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, four)
    assert len(np.unique(one, axis=0)) > 1


def test_a_gather_is_the_global_batch_and_differentiates():
    """A loss of pairs, which is not a mean over examples: its value and gradient on one device."""
    x, scale = np.random.default_rng(0).normal(size=(8, 3)).astype("f4"), jnp.float32(0.7)

    def loss(scale, x):
        y = core.gather(jnp.tanh(scale * x))
        return jnp.mean(jnp.exp(-((y[:, None] - y[None]) ** 2).sum(-1)))

    value = lambda x: core.mean_over_devices(jax.value_and_grad(loss)(scale, x))
    mapped = jax.shard_map(
        value,
        mesh=parallel.mesh(),
        in_specs=PartitionSpec("data"),
        out_specs=PartitionSpec(),
        check_vma=False,
    )
    np.testing.assert_allclose(jax.jit(mapped)(x), jax.value_and_grad(loss)(scale, x), rtol=1e-5)


@pytest.fixture(scope="module")
def simple():
    return next(case for case in CASES if case.name == "wgan")


@pytest.mark.parametrize("form", [pytest.param("pmap", marks=pytest.mark.slow), "shard_map"])
def test_a_replicated_state_compiles_once(simple, form, caplog):
    method, mesh, key = simple.method, parallel.mesh(), jax.random.key(0)
    state = parallel.replicate(mesh, tiny.jit(method.init)(key, batch(simple)))
    sharded = form == "shard_map"
    step = parallel.sharded_step(method, mesh) if sharded else parallel.pmapped_step(method)
    with jax.log_compiles(True):
        for _ in range(3):
            state, _ = jax.block_until_ready(step(state, batch(simple), key))
    compiled = [m for m in caplog.messages if m.startswith("Finished XLA compilation")]
    assert len(compiled) == 1, compiled


def test_the_state_is_donated_and_its_source_lives(simple):
    state, mesh = tiny.jit(simple.method.init)(jax.random.key(0), batch(simple)), parallel.mesh()
    before = jax.device_get(state)
    replicas = parallel.replicate(mesh, state)
    step = parallel.sharded_step(simple.method, mesh)
    jax.block_until_ready(step(replicas, batch(simple), jax.random.key(0)))
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(replicas))
    tiny.assert_same_bits(state, before)


@pytest.mark.slow
def test_save_mode_x_restore_mode(simple, tmp_path):
    """With `shard_map` in two processes: `test_two_processes_are_one`."""
    method, mesh, key = simple.method, parallel.mesh(), jax.random.key(0)
    initial = tiny.jit(method.init)(key, batch(simple))
    replicate = functools.partial(parallel.replicate, mesh)
    modes = {
        "jit": (lambda state: state, tiny.jit(method.step)),
        "pmap": (replicate, parallel.pmapped_step(method)),
    }
    for name, (place, step) in modes.items():
        _, state = states(step, place(initial), [batch(simple, t) for t in range(2)], key)
        with Checkpoints(tmp_path / name) as checkpoints:
            checkpoints.save(2, state)
        np.savez(tmp_path / f"{name}.npz", **tiny.leaves(state))
    expected = None
    for saved, (place, step) in itertools.product(modes, modes.values()):
        with Checkpoints(tmp_path / saved) as checkpoints:
            _, state = checkpoints.restore(jax.eval_shape(lambda: initial))
        with np.load(tmp_path / f"{saved}.npz") as leaves:
            tiny.assert_same_bits(dict(leaves), tiny.leaves(state))
        _, state = states(step, place(state), [batch(simple, 2)], key)
        expected = state if expected is None else expected
        tiny.assert_close(state, expected, 1e-5)


def with_one_apart(mesh, tree, at=2):
    """The replicated tree, with the last bit of each leaf changed on one device."""

    def copies(leaf):
        own = [np.array(leaf) for _ in mesh.devices]
        own[at].reshape(-1).view(np.uint8)[0] ^= 1
        shards = [jax.device_put(x, device) for x, device in zip(own, mesh.devices, strict=True)]
        sharding = NamedSharding(mesh, PartitionSpec())
        return jax.make_array_from_single_device_arrays(leaf.shape, sharding, shards)

    return jax.tree.map(copies, tree)


def test_replicas_that_diverge_are_named():
    mesh = parallel.mesh()
    tree = {"a": np.float32([1, np.nan]), "b": np.int32(3), "c": np.zeros(3, jnp.bfloat16)}
    tree |= {"d": np.array([True, False]), "e": np.uint8([0, 255])}
    same = parallel.replicate(mesh, tree)
    assert parallel.diverged(mesh, same) == []
    for name, leaf in tree.items():
        apart = same | {name: with_one_apart(mesh, leaf)}
        assert parallel.diverged(mesh, apart) == [f"['{name}']"]


@dataclasses.dataclass(frozen=True)
class Apart(wrappers.Wrapper):
    """Its generators differ between the devices from the sixth iteration on."""

    def init(self, key, batch):
        return self.method.init(key, batch)

    def step(self, state, batch, key):
        state, metrics = self.method.step(state, batch, key)
        more = jnp.where(state.step > 5, lax.axis_index("data"), 0)
        params = jax.tree.map(lambda leaf: leaf + more, state.generator.params)
        return state._replace(generator=state.generator._replace(params=params)), metrics


@pytest.mark.slow
def test_replicas_that_diverge_are_not_saved(simple, tmp_path):
    every = {"log_every": 10, "sample_every": 10, "checkpoint_every": 4, "samples": 4}
    experiment = Experiment(Apart(simple.method), Pixels(), 10, batch_size=4, **every)
    words = r"state.generator.params.* differs between the devices after iteration 8 and is not"
    with pytest.raises(CheckpointError, match=words):
        train(experiment, tmp_path / "run", devices=jax.devices(), progress=False)
    with Checkpoints(tmp_path / "run/checkpoints") as checkpoints:
        assert checkpoints.steps() == [4]


@pytest.mark.parametrize("sharded", [False, True])
def test_examples_on_the_devices_are_gathered_to_the_bit(sharded):
    source, mesh = Every(), parallel.mesh()
    examples, stream = data.on_device(source, mesh, sharded), data.stream(source, 8)
    held = {len(s.data) for rows in examples.rows.values() for s in rows.addressable_shards}
    assert held == {10 if sharded else 40}  # 37, and zeros up to a multiple of four
    take = lambda examples, indices: examples[indices]
    mapped = jax.jit(parallel.mapped(take, mesh, (0 if sharded else None, 0), 0))
    pmapped = jax.pmap(take, "data", in_axes=(0 if sharded else None, 0))
    apart = jax.device_get(examples)
    if sharded:
        apart = jax.tree.map(lambda rows: rows.reshape(4, 10, -1), apart)
    for t in range(6):
        indices, expected = np.int32(stream.indices(t)), jax.tree.map(jnp.asarray, stream[t])
        tiny.assert_same_bits(mapped(examples, indices), expected)
        parts = pmapped(apart, indices.reshape(4, 2))
        whole = jax.tree.map(lambda x: x.reshape(8, *x.shape[2:]), parts)
        tiny.assert_same_bits(whole, expected)


@pytest.mark.parametrize("where", ["replicated", "sharded"])
def test_a_run_with_examples_on_the_devices_is_the_same(simple, where, monkeypatch, caplog):
    monkeypatch.setattr(resident, "LEAST", 1)  # a table of indices for each epoch
    experiment = Experiment(simple.method, Pixels(), 6, batch_size=8)
    layout = choose_layout(experiment, None, jax.devices())
    host, device = (
        Program(experiment, layout, Processes(False), choice) for choice in ("no", "yes")
    )
    device.__dict__["placement"] = Placement(where)
    ends = []
    for program in (host, device):
        state, batches = program.init(), program.batches(0, None)
        for t in range(6):
            # An iteration takes two minibatches of 8 images, so that three take more than 40.
            within = program is device and t % 3
            guard = "disallow_explicit" if within else "allow"
            with jax.transfer_guard_host_to_device(guard), jax.log_compiles(True):
                given = batches.take(lambda: 0)
                state, outcome = jax.block_until_ready(program.dispatch(state, given, 0))
        batches.close()
        ends.append((layout.local(state), outcome.metrics))
    tiny.assert_same_bits(*ends)
    compiled = [m for m in caplog.messages if m.startswith("Finished XLA compilation of jit(step)")]
    assert len(compiled) == 2, compiled  # one for each program


def test_a_batch_that_the_devices_do_not_divide(simple):
    state, mesh = tiny.jit(simple.method.init)(jax.random.key(0), batch(simple)), parallel.mesh()
    arguments = state, batch(simple, n=6), jax.random.key(0)
    message = "a batch of 6 does not divide over 4 devices: choose a multiple of 4"
    for attempt in (
        functools.partial(parallel.sharded_step(simple.method, mesh), *arguments),
        functools.partial(parallel.pmapped_step(simple.method), *arguments),
        functools.partial(parallel.put_batch, mesh, arguments[1], simple.method.batch_axis),
    ):
        with pytest.raises(ValueError, match=message):
            attempt()
    assert int(state.step) == 0  # nothing was donated


def test_micro_batches_that_do_not_divide_a_devices_examples(simple):
    step = parallel.sharded_step(parallel.accumulate(simple.method, 3), parallel.mesh())
    key = jax.random.key(0)
    state = jax.eval_shape(simple.method.init, key, batch(simple))
    with pytest.raises(ValueError, match="4 examples on a device do not divide into 3"):
        step.lower(state, batch(simple), key)

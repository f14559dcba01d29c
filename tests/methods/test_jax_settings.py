"""Every method under jax's strict promotion of types and its check for reused keys."""

import dataclasses

import jax
import jax.numpy as jnp
import optax
import pytest

from gans_jax import parallel, schedules, wrappers
from gans_jax.runs import folder
from gans_jax.training import load, resume, train
from tests.support.cases import CASES
from tests.support.tiny import assert_same_bits


@pytest.fixture(autouse=True)
def strict():
    with jax.numpy_dtype_promotion("strict"), jax.debug_key_reuse(True):
        yield


def trace(method, batch, key, init_key=None):
    """Traces an initial state and a step, which is where jax finds fault."""
    init_key = jax.random.key(0) if init_key is None else init_key
    state = jax.eval_shape(jax.jit(method.init), init_key, batch)
    jax.eval_shape(jax.jit(method.step), state, batch, key)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_method(case):
    method = dataclasses.replace(case.method, optimizer=optax.adam)
    trace(method, case.batch(method, 0), jax.random.key(1))


@pytest.mark.parametrize("name", ["wgan_gp", "cyclegan", "adversarial_autoencoder", "bigan"])
def test_all_wrappers_at_once(name):
    [case] = [case for case in CASES if case.name == name]
    method = parallel.accumulate(case.method, 2)
    method = wrappers.skip_nonfinite(wrappers.with_ema(method, 0.9))
    method = wrappers.seeds(wrappers.repeat(method, 3), 2)
    batch = case.batch(case.method, 0)
    batch = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (2, 3, *leaf.shape)), batch)
    trace(
        method,
        batch,
        jax.random.split(jax.random.key(1), (2, 3)),
        jax.random.split(jax.random.key(0), 2),
    )


@pytest.mark.parametrize(
    "kind", [schedules.LinearDecay(9), schedules.StepDecay(2, 0.7), schedules.EpochDecay(2)]
)
def test_schedules(kind):
    traced = jax.jit(kind)(jnp.int32(3))
    assert traced.dtype == jnp.float32
    assert traced == kind(3)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [None, 2])
def test_the_settings_change_no_bit_of_a_run(tiny, tmp_path, seeds):
    """The guard lets nothing move to the device that the user's own code has not put there."""
    experiment = tiny(iterations=8, ema=0.9, repeat=2, log_every=2, sample_every=4)
    with jax.transfer_guard("disallow"):
        first = dataclasses.replace(experiment, iterations=4)
        train(first, tmp_path / "set", progress=False, seeds=seeds)
        state = resume(tmp_path / "set", experiment, progress=False)
        load(folder.runs(tmp_path / "set")[0])
    with jax.numpy_dtype_promotion("standard"), jax.debug_key_reuse(False):
        plain = train(experiment, tmp_path / "plain", progress=False, seeds=seeds)
    assert_same_bits(state, plain)

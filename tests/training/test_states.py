"""Whatever arrays a method's state has, they are saved, restored and shared to the bit."""

import dataclasses
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import core, parallel, priors
from gans_jax.training import (
    CheckpointError,
    Checkpoints,
    Experiment,
    load,
    recorder,
    resume,
    train,
)
from gans_jax.training.observers import Pictures
from tests.support.tiny import assert_same_bits


class State(NamedTuple):
    step: Any
    key: Any
    keys: Any
    history: Any
    numbers: Any


@dataclasses.dataclass(frozen=True)
class Keyed(core.MethodBase):
    """A method whose state has typed keys, an empty array and small types."""

    prior: ClassVar = priors.Normal(2)

    def init(self, key, batch):
        own = jax.random.key(7, impl="rbg")
        return State(
            jnp.int32(0), own, jax.random.split(key), jnp.zeros((0, 8)), jnp.zeros(3, jnp.bfloat16)
        )

    def step(self, state, batch, key):
        own, draw = jax.random.split(state.key)
        numbers = jax.random.normal(draw, (3,)).astype(jnp.bfloat16)
        state = state._replace(step=state.step + 1, key=own, numbers=numbers)
        return state, {"number": numbers.sum(), "other_loss": numbers.mean()}

    def sample(self, state, key, num):
        return jnp.zeros((num, 2))


@dataclasses.dataclass(frozen=True)
class Zeros:
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {"image": np.zeros(2, np.float32)}


def plain(state):
    """The state with the numbers of its keys."""
    is_key = lambda leaf: jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if is_key(leaf) else leaf, state)


@pytest.mark.parametrize(
    ("changes", "arguments"),
    [
        ({}, {}),
        ({"skip_nonfinite": 2}, {}),
        ({}, {"devices": jax.devices()[:1]}),
        ({}, {"seeds": 2}),
    ],
)
def test_a_run_goes_on_with_its_keys(tmp_path, monkeypatch, changes, arguments):
    monkeypatch.setattr(Pictures, "draw", lambda pictures, state: iter(()))
    monkeypatch.setattr(recorder, "write_report", lambda workdir, experiment: None)
    experiment = Experiment(Keyed(), Zeros(), 6, batch_size=4, checkpoint_every=2, **changes)
    straight = train(experiment, tmp_path / "straight", progress=False, **arguments)
    short = dataclasses.replace(experiment, iterations=2)
    train(short, tmp_path / "run", progress=False, **arguments)
    extra, devices = [Keyed, Zeros], arguments.get("devices")
    state = resume(tmp_path / "run", experiment, extra=extra, progress=False, devices=devices)
    assert state.key.dtype == straight.key.dtype
    assert_same_bits(plain(state), plain(straight))
    if (tmp_path / "run/config.json").exists():
        assert_same_bits(plain(load(tmp_path / "run", extra)[1]), plain(state))


def test_keys_of_another_generator_are_refused(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, {"key": jax.random.key(3, impl="rbg")})
        for other, name in ((jax.random.key(3), "key<fry>"), (np.zeros(4, np.uint32), "uint32")):
            with pytest.raises(
                CheckpointError, match=rf"is key<rbg>\[\] in step 1 .* but {name}\["
            ):
                checkpoints.restore({"key": other})


def test_keys_are_copied_to_every_device_and_compared():
    mesh, tree = parallel.mesh(), {"key": jax.random.key(3), "numbers": jnp.ones(2)}
    copies = parallel.replicate(mesh, tree)
    assert_same_bits(plain(copies), plain(tree))
    assert parallel.diverged(mesh, copies) == []

"""States come back bit by bit or not at all."""

import errno
import gc
import os
import random
import re
import resource
import shutil
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gans_jax
from gans_jax import networks
from gans_jax.runs.checkpoint import CheckpointError, Checkpoints

# Of a damaged step, tensorstore's threads may still read other leaves when orbax gives up.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PAIR = networks.MLPGenerator((2,), (8,)), networks.MLPDiscriminator((8,))
METHODS = {cls.__name__: cls(*PAIR) for cls in (gans_jax.GAN, gans_jax.WGAN, gans_jax.WGANGP)}


class State(NamedTuple):
    step: Any
    params: Any
    empties: Any
    opt_state: Any


def state(step: int = 0, scale: float = 1.0) -> State:
    """Leaves of several types, sizes that span a storage block, and empty nodes of each kind."""
    key = jax.random.key(step)
    params = {
        "Dense_0": {"kernel": scale * jax.random.normal(key, (64, 48))},
        "half": jnp.array([1.5, -0.0, 3e38], jnp.bfloat16),
        "signs": jnp.array([-0.0, 0.0, 1e-45]),
    }
    empties = ({}, (), None, [], {"inner": {}})
    return State(jnp.int32(step), params, empties, optax.sgd(0.1, momentum=0.9).init(params))


def assert_same_bits(a: Any, b: Any) -> None:
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert (left.dtype, left.shape) == (right.dtype, right.shape)
        assert np.asarray(left).tobytes() == np.asarray(right).tobytes()


def data_files(step: Path) -> list[Path]:
    """The files that hold the arrays."""
    return sorted(path for path in step.glob("state/**/d/*") if path.is_file())


def flipped(content: bytes, position: int) -> bytes:
    found = bytearray(content)
    found[position % len(found)] ^= 1 << position % 8
    return bytes(found)


def largest(step: Path) -> Path:
    return max(data_files(step), key=lambda path: path.stat().st_size)


def flip_largest(step: Path) -> None:
    path = largest(step)
    path.write_bytes(flipped(path.read_bytes(), path.stat().st_size // 2))


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "checkpoints"
    with Checkpoints(folder) as checkpoints:
        for step in (1, 2, 3):
            checkpoints.save(step, state(step))
    return folder


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    """A folder with steps 1, 2 and 3 that a test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "checkpoints"))


@pytest.mark.parametrize("name", METHODS)
def test_round_trip_of_methods(name, tmp_path):
    method, batch = METHODS[name], {"image": jnp.zeros((1, 4, 2))}
    like = jax.eval_shape(method.init, jax.random.key(0), batch)
    rng = np.random.default_rng(0)
    before = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape), leaf.dtype), like)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, before)
    with Checkpoints(tmp_path) as checkpoints:
        step, after = checkpoints.restore(like)
    assert step == 1
    assert_same_bits(after, before)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(after))


def test_round_trip_is_bitwise(folder):
    with Checkpoints(folder) as checkpoints:
        assert checkpoints.steps() == [1, 2, 3]
        for wanted in (None, 1, 2, 3):
            step, after = checkpoints.restore(state(), wanted)
            assert step == (wanted or 3)
            assert_same_bits(after, state(step))


def test_saving_a_donated_state_keeps_its_values(tmp_path):
    advance = jax.jit(lambda x: jax.tree.map(lambda leaf: leaf + 1, x), donate_argnums=0)
    current = {"w": jnp.zeros(100_000)}
    with Checkpoints(tmp_path) as checkpoints:
        for step in (1, 2, 3):
            current = advance(current)
            checkpoints.save(step, current)
        for step in (1, 2, 3):
            assert set(np.asarray(checkpoints.restore(current, step)[1]["w"])) == {step}


def test_keeps_the_newest(tmp_path):
    with Checkpoints(tmp_path / "new", keep=2) as checkpoints:
        assert checkpoints.latest() is None
        assert not (tmp_path / "new").exists()
        for step in (5, 10, 15):
            checkpoints.save(step, {"w": jnp.ones(step)})
        assert (checkpoints.steps(), checkpoints.latest()) == ([10, 15], 15)
    with pytest.raises(ValueError, match="keep must be at least 1, but is 0"):
        Checkpoints(tmp_path, keep=0)


def test_no_checkpoint_and_no_such_step(folder, tmp_path):
    with (
        Checkpoints(tmp_path / "none") as checkpoints,
        pytest.raises(CheckpointError, match=r"there is no checkpoint in .*none"),
    ):
        checkpoints.restore(state())
    with (
        Checkpoints(folder) as checkpoints,
        pytest.raises(CheckpointError, match=r"there is no step 7 in .*: it has 1, 2, 3"),
    ):
        checkpoints.restore(state(), 7)


@pytest.mark.parametrize("step", [2, 3])
def test_steps_go_forward(folder, step):
    with (
        Checkpoints(folder) as checkpoints,
        pytest.raises(CheckpointError, match=rf"step {step} is not after the newest step 3"),
    ):
        checkpoints.save(step, state(step))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_what_is_not_finite_is_not_saved(tmp_path, value, dtype):
    with Checkpoints(tmp_path) as checkpoints:
        with pytest.raises(CheckpointError, match=r"state\['a'\]\[1\] is not finite"):
            checkpoints.save(1, {"a": (jnp.ones(2), jnp.array([0, value], dtype))})
        assert checkpoints.latest() is None


def flip_record(step: Path) -> None:
    path = step / "leaves" / "metadata"
    before = path.read_text()
    path.write_text(re.sub(r"64,( ?)48", r"64,\g<1>49", before))
    assert path.read_text() != before


def truncate(step: Path) -> None:
    for path in data_files(step):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def remove_files(step: Path) -> None:
    for path in data_files(step):
        path.unlink()


def empty(step: Path) -> None:
    shutil.rmtree(step)
    step.mkdir()


def remove_record(step: Path) -> None:
    shutil.rmtree(step / "leaves")


DAMAGES = [flip_largest, flip_record, truncate, remove_files, empty, remove_record]


@pytest.mark.parametrize("damage", DAMAGES)
def test_falls_back(folder, damage):
    damage(folder / "3")
    with Checkpoints(folder) as checkpoints:
        with pytest.warns(UserWarning, match=r"step 3 in .* is damaged .* 3.bad, and step 2 is"):
            step, after = checkpoints.restore(state(), resuming=True)
        assert step == 2
        assert_same_bits(after, state(2))
        assert checkpoints.steps() == [1, 2]
        assert (folder / "3.bad").is_dir()
        checkpoints.save(3, state(33))
        assert_same_bits(checkpoints.restore(state())[1], state(33))


def test_step_that_is_damaged_again_gets_another_name(folder):
    for name in ("3.bad", "3.bad2"):
        flip_largest(folder / "3")
        with Checkpoints(folder) as checkpoints:
            with pytest.warns(UserWarning, match=rf"it is now {name},"):
                checkpoints.restore(state(), resuming=True)
            checkpoints.save(3, state(3))
        assert (folder / name).is_dir()


def test_copy_that_may_only_be_read(folder, monkeypatch):
    def refuse(path: Path, target: Path) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(Path, "rename", refuse)
    flip_largest(folder / "3")
    with (
        Checkpoints(folder) as checkpoints,
        pytest.warns(UserWarning, match=r"it cannot be renamed \(not permitted\), and step 2"),
    ):
        assert checkpoints.restore(state(), resuming=True)[0] == 2


@pytest.mark.parametrize("asked", [None, 3])
def test_all_bad_raises(folder, asked):
    for step in (1, 2, 3):
        flip_largest(folder / str(step))
    for _ in range(2):
        with Checkpoints(folder) as checkpoints:
            with pytest.raises(CheckpointError, match=r"has no good step: 3 \(state.* SHA-256"):
                checkpoints.restore(state(), asked)
            assert checkpoints.steps() == [1, 2, 3]


def test_step_that_was_asked_for_has_no_substitute(folder):
    flip_largest(folder / "3")
    with (
        Checkpoints(folder) as checkpoints,
        pytest.raises(CheckpointError, match=r"has no good step: 3"),
    ):
        checkpoints.restore(state(), 3)
    assert (folder / "3").is_dir()


def test_bit_flip_detected(folder):
    assert_no_damage_passes(folder, flipped)


def test_truncated(folder):
    assert_no_damage_passes(folder, lambda content, position: content[:position])


def test_deleted(folder):
    assert_no_damage_passes(folder, lambda content, position: None)


def assert_no_damage_passes(folder: Path, damage: Callable[[bytes, int], bytes | None]) -> None:
    """Of each file in turn: the step is refused, or what was damaged is no part of the state."""
    rng, refused = random.Random(0), set()
    files = sorted(path for path in (folder / "3").rglob("*") if path.is_file())
    with Checkpoints(folder) as checkpoints:
        for path in files:
            content = path.read_bytes()
            # The middle of the largest file holds an array; its end is an index that none reads.
            for position in (len(content) // 2, rng.randrange(len(content) or 1)):
                damaged = damage(content, position) if content else None
                path.unlink()
                if damaged is not None:
                    path.write_bytes(damaged)
                try:
                    _, after = checkpoints.restore(state(), 3)
                    assert_same_bits(after, state(3))
                except CheckpointError:
                    refused.add(path)
                path.write_bytes(content)
    assert len(files) > 5
    # Orbax also leaves files behind that restoring does not read.
    read = [folder / "3/leaves/metadata", folder / "3/state/manifest.ocdbt"]
    assert refused >= {*read, *(folder / "3/state/d").iterdir(), largest(folder / "3")}


def wrong(**changes: Any) -> State:
    return state()._replace(**changes)


PARAMS = state().params


@pytest.mark.parametrize(
    ("like", "message"),
    [
        (
            wrong(params={**PARAMS, "signs": jnp.ones(4)}),
            r"state.params\['signs'\] is float32\[3\] in step 3 of .*, but float32\[4\] in this",
        ),
        (
            wrong(params={**PARAMS, "half": jnp.ones(3)}),
            r"state.params\['half'\] is bfloat16\[3\] in .*, but float32\[3\] in",
        ),
        (wrong(step=jnp.float32(3)), r"state.step is int32\[\] in .*, but float32\[\] in"),
        (
            wrong(params={**PARAMS, "new": jnp.ones(1)}),
            r"state.params\['new'\] is absent in .*, but float32\[1\]",
        ),
        (
            wrong(params={"half": PARAMS["half"], "signs": PARAMS["signs"]}),
            r"state.params\['Dense_0'\]\['kernel'\] is float32\[64, 48\] in .*, but absent in",
        ),
        (wrong(empties=({}, (), None, [], {})), r"state.empties\[4\] is absent in .*, but dict in"),
        (
            wrong(empties=((), (), None, [], {"inner": {}})),
            r"empties\[0\] is dict .*, but tuple in",
        ),
        (wrong(opt_state=optax.sgd(0.1).init(PARAMS)), r"state.opt_state\[0\].* is .* EmptyState"),
        (tuple(state()), r"state\[0\] is absent in .*"),
    ],
)
def test_another_configuration_raises_at_once(folder, like, message):
    with Checkpoints(folder) as checkpoints, warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(CheckpointError, match=message) as caught:
            checkpoints.restore(like)
        assert str(folder) in str(caught.value)
        assert checkpoints.steps() == [1, 2, 3]


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        Checkpoints(tmp_path / "file" / "checkpoints") as checkpoints,
        pytest.raises(
            CheckpointError, match=r"step 1 cannot be saved in .*checkpoints \(.*\): make"
        ),
    ):
        checkpoints.save(1, {"w": jnp.ones(1)})


def test_disk_full_keeps_the_checkpoints(folder):
    """Every file may have 2,000 bytes, after which writing fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Checkpoints(folder) as checkpoints:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
            with pytest.raises(CheckpointError, match=r"step 4 cannot be saved .*\): make room"):
                checkpoints.save(4, state(4))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert checkpoints.steps() == [1, 2, 3]
        assert_same_bits(checkpoints.restore(state())[1], state(3))
        checkpoints.save(4, state(4))
    with Checkpoints(folder) as checkpoints:
        assert_same_bits(checkpoints.restore(state())[1], state(4))


def test_read_only_folder_keeps_the_checkpoints(folder, monkeypatch):
    def refuse(path: Any, *_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(os, "mkdir", refuse)
    with Checkpoints(folder) as checkpoints:
        with pytest.raises(CheckpointError, match=r"step 4 .* \(.*Read-only file system.*\): make"):
            checkpoints.save(4, state(4))
        assert_same_bits(checkpoints.restore(state())[1], state(3))


def test_unfinished_save_is_no_step(folder):
    shutil.copytree(folder / "3", folder / "4.orbax-checkpoint-tmp")
    (folder / "notes.txt").write_text("")
    with Checkpoints(folder) as checkpoints:
        assert checkpoints.latest() == 3
        checkpoints.save(4, state(4))
        assert checkpoints.restore(state())[0] == 4


def test_saving_leaves_no_thread_behind(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state(1))
    assert not [t for t in threading.enumerate() if "orbax" in t.name.lower()]


def test_saving_and_restoring_say_nothing(tmp_path, capfd, caplog):
    # Damaged files of the tests before leave orbax tasks that complain when they are collected.
    gc.collect()
    caplog.clear()
    capfd.readouterr()
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state(1))
        checkpoints.restore(state())
    assert capfd.readouterr() == ("", "")
    assert not [r for r in caplog.records if r.levelname in ("WARNING", "ERROR")]

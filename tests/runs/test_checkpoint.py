"""States come back bit by bit or not at all."""

import errno
import gc
import hashlib
import json
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
import orbax.checkpoint as ocp
import pytest

import gans_jax
from gans_jax import networks
from gans_jax.core import files
from gans_jax.runs import record, storage
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


def test_disk_full_keeps_the_checkpoints(folder, caplog):
    """Every file may have 2,000 bytes, after which writing fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Checkpoints(folder) as checkpoints:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
            with pytest.raises(CheckpointError, match=r"step 4 cannot be saved .*\): make room"):
                checkpoints.save(4, state(4))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert sorted(path.name for path in folder.iterdir()) == ["1", "2", "3"]
        assert_same_bits(checkpoints.restore(state())[1], state(3))
        checkpoints.save(4, state(4))
    with Checkpoints(folder) as checkpoints:
        assert_same_bits(checkpoints.restore(state())[1], state(4))
    assert not [r for r in caplog.records if r.levelname in ("WARNING", "ERROR")]


def test_read_only_folder_keeps_the_checkpoints(folder, monkeypatch):
    def refuse(path: Any, *_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(os, "mkdir", refuse)
    with Checkpoints(folder) as checkpoints:
        with pytest.raises(CheckpointError, match=r"step 4 .* \(.*Read-only file system.*\): make"):
            checkpoints.save(4, state(4))
        assert_same_bits(checkpoints.restore(state())[1], state(3))


def test_reading_changes_nothing(folder):
    flip_largest(folder / "3")
    shutil.copytree(folder / "2", folder / "4.orbax-checkpoint-tmp")
    before = sorted(folder.rglob("*"))
    with (
        Checkpoints(folder) as checkpoints,
        pytest.warns(UserWarning, match=r"step 3 .* is left as it is, and step 2 is used"),
    ):
        assert checkpoints.restore(state())[0] == 2
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.EMFILE, errno.ENOMEM])
@pytest.mark.parametrize("place", ["file", "listing", "orbax", "tensorstore"])
def test_what_cannot_be_read_is_not_damaged(folder, monkeypatch, code, place):
    words = os.strerror(code)

    def refuse(*_: Any, **__: Any) -> None:
        if place == "tensorstore":
            raise ValueError(f"UNKNOWN: Error reading file: Failed to read: {words} [spec='']")
        raise OSError(code, words, "file")

    targets = {
        "file": (files, "open_regular"),
        "listing": (os, "scandir"),
        "orbax": (ocp.StandardCheckpointHandler, "restore"),
        "tensorstore": (ocp.StandardCheckpointHandler, "restore"),
    }
    with Checkpoints(folder) as checkpoints:
        with monkeypatch.context() as patch:
            patch.setattr(*targets[place], refuse)
            with pytest.raises(CheckpointError, match=rf"cannot be (read|listed) \({words}\)"):
                checkpoints.restore(state(), resuming=True)
        assert checkpoints.restore(state(), resuming=True)[0] == 3
    assert not list(folder.glob("*.bad"))


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def replace_by_link_to_folder(path: Path) -> None:
    shutil.move(path.parent, path.parents[1] / "elsewhere")
    path.parent.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "replace", [replace_by_pipe, replace_by_endless, replace_by_link_to_folder]
)
@pytest.mark.parametrize("name", ["leaves/metadata", "state/_METADATA", "state/d/*"])
def test_a_step_of_other_things_than_files_is_damaged(folder, replace, name):
    replace(next((folder / "3").glob(name)))
    with (
        Checkpoints(folder) as checkpoints,
        pytest.warns(UserWarning, match=r"3 .* \(a file cannot be read: .*: it is (no|a link)"),
    ):
        assert checkpoints.restore(state())[0] == 2


def test_a_renamed_step_is_refused(folder):
    (folder / "3").rename(folder / "5")
    with Checkpoints(folder) as checkpoints:
        with pytest.raises(CheckpointError, match="/5 holds the state of step 3: give the folder"):
            checkpoints.restore(state())
        assert checkpoints.steps() == [1, 2, 5]


def test_a_step_of_another_run_is_refused(tmp_path):
    with Checkpoints(tmp_path, run="aa") as checkpoints:
        checkpoints.save(1, state(1))
        assert checkpoints.restore(state())[0] == 1
    with (
        Checkpoints(tmp_path, run="bb") as other,
        pytest.raises(CheckpointError, match="/1 is a checkpoint of another run than"),
    ):
        other.restore(state())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jax_enable_x64", True),
        ("jax_default_prng_impl", "rbg"),
        ("jax_threefry_partitionable", False),
    ],
)
def test_a_run_goes_on_with_the_settings_that_it_had(folder, monkeypatch, name, value):
    now = record.settings() | {name: value}
    monkeypatch.setattr(record, "settings", lambda: now)
    with Checkpoints(folder) as checkpoints:
        with pytest.raises(CheckpointError, match=rf"3 was saved with {name} = .* {value}: set "):
            checkpoints.restore(state(), resuming=True)
        assert checkpoints.restore(state())[0] == 3


def test_another_version_of_jax_is_a_warning(folder, monkeypatch):
    monkeypatch.setattr(jax, "__version__", "9.9")
    with (
        Checkpoints(folder) as checkpoints,
        pytest.warns(UserWarning, match=r"was saved with jax .*, and goes on with 9\.9"),
    ):
        assert checkpoints.restore(state(), resuming=True)[0] == 3


def test_a_record_of_an_older_version_is_read(folder):
    file = folder / "3" / "leaves" / "metadata"
    leaves = json.loads(file.read_text())["leaves"]
    digest = hashlib.sha256(json.dumps(leaves, sort_keys=True).encode()).hexdigest()
    file.write_text(json.dumps({"leaves": leaves, "sha256": digest}))
    with Checkpoints(folder) as checkpoints, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert checkpoints.restore(state(), resuming=True)[0] == 3


def test_a_reader_starts_again_when_its_steps_are_deleted(folder, monkeypatch):
    """As a run does that saves step 4 and deletes the others while they are read."""
    check = storage.check_files

    def slow(step: Path) -> None:
        if step.name == "3":
            with Checkpoints(folder, keep=1) as checkpoints:
                checkpoints.save(4, state(4))
        check(step)

    monkeypatch.setattr(storage, "check_files", slow)
    with Checkpoints(folder) as checkpoints, warnings.catch_warnings():
        warnings.simplefilter("error")
        step, after = checkpoints.restore(state())
    assert step == 4
    assert_same_bits(after, state(4))


def test_unfinished_saves_are_removed_when_a_run_goes_on(folder):
    shutil.copytree(folder / "3", folder / "4.orbax-checkpoint-tmp-17")
    with Checkpoints(folder) as checkpoints:
        checkpoints.restore(state(), resuming=True)
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2", "3"]


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

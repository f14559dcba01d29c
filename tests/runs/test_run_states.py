"""Checkpoints in the folders of runs: what is absent or of another run is never taken for new."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from gans_jax import data
from gans_jax.evaluation import Result
from gans_jax.runs import best_checkpoint, data_file, folder
from gans_jax.training import CheckpointError, ConfigError, load, loop, resume, train
from gans_jax.training.program import Program
from tests.support.tiny import assert_same_bits


@pytest.fixture
def run(finished, tmp_path):
    """A complete run that a test may damage."""
    return shutil.copytree(finished[0], tmp_path / "run")


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def unmount(run):
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").symlink_to(run.parent / "absent")


def empty(run):
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").mkdir()


@pytest.mark.parametrize("lose", [unmount, empty, lambda run: shutil.rmtree(run / "checkpoints")])
def test_lost_checkpoints_are_no_new_start(run, lose):
    lose(run)
    before = everything(run)
    for use in (lambda: resume(run, progress=False), lambda: load(run)):
        with pytest.raises(CheckpointError, match="has saved a checkpoint of iteration 12, but"):
            use()
    assert everything(run).items() >= before.items()


def test_a_run_that_ended_before_its_first_checkpoint_begins_anew(
    finished, tiny, tmp_path, monkeypatch
):
    experiment = tiny(log_every=1, checkpoint_every=4)

    def keys(program, t):
        if t == 3:
            raise RuntimeError("crash")
        return original(program, t)

    original = Program.keys
    with monkeypatch.context() as patch:
        patch.setattr(Program, "keys", keys)
        with pytest.raises(RuntimeError, match="crash"):
            train(experiment, tmp_path / "run", progress=False)
    shutil.rmtree(tmp_path / "run/checkpoints", ignore_errors=True)
    (tmp_path / "run/saved.json").unlink(missing_ok=True)
    assert_same_bits(resume(tmp_path / "run", progress=False), finished[2])
    lines = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(1, 13))


def test_a_newest_checkpoint_that_is_gone_is_named(run, finished):
    shutil.rmtree(run / "checkpoints/12")
    with pytest.warns(
        UserWarning, match="of iteration 12, but its newest one is now of iterat.* 8"
    ):
        assert_same_bits(resume(run, progress=False), finished[2])


def test_metrics_that_are_shorter_than_the_checkpoint_are_named(run):
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text(lines[0])
    with pytest.warns(
        UserWarning, match="ends at iteration 5, but the run has logged iteration 10"
    ):
        resume(run, progress=False)


def test_a_checkpoint_of_another_run_is_refused(tiny, run, tmp_path):
    train(tiny(), other := tmp_path / "other", progress=False)
    shutil.rmtree(run / "checkpoints")
    shutil.copytree(other / "checkpoints", run / "checkpoints")
    with pytest.raises(CheckpointError, match=f"/12 is a checkpoint of another run than {run}"):
        load(run)


def test_a_configuration_that_was_changed_by_hand_is_refused(tiny, run, tmp_path):
    train(tiny(), other := tmp_path / "other", progress=False)
    text = (run / "config.json").read_text()
    for changed in (
        text.replace('"seed": 0', '"seed": 1'),
        text.replace("0.0002", "0.0003"),
        text.replace('"sha256"', '"sha257"'),
        (other / "config.json").read_text(),
    ):
        assert changed != text
        (run / "config.json").write_text(changed)
        with pytest.raises(ConfigError, match=r"is not as the run wrote it: .* --iterations N for"):
            load(run)
    node = json.loads(text)
    del node["sha256"]
    (run / "config.json").write_text(json.dumps(node))
    with pytest.raises(ConfigError, match="is not as the run wrote it"):
        load(run)


def test_no_flipped_bit_of_a_configuration_passes(run):
    file, before = run / "config.json", folder.read_experiment(run)
    content, refused = file.read_bytes(), 0
    positions = range(0, len(content), 3)
    for position in positions:
        found = bytearray(content)
        found[position] ^= 1 << position % 7
        file.write_bytes(found)
        try:
            assert repr(folder.read_experiment(run)) == repr(before)  # of spaces between lines
        except ConfigError:
            refused += 1
    assert refused > 0.5 * len(positions)


def test_a_run_of_an_older_version_has_neither_identity_nor_digest(run, finished):
    for name, field in (("config.json", "sha256"), ("data.json", "run")):
        node = json.loads((run / name).read_text())
        del node[field]
        (run / name).write_text(json.dumps(node))
    (run / "saved.json").unlink()
    assert_same_bits(load(run)[1], finished[2])
    longer = dataclasses.replace(finished[1], iterations=16)
    assert resume(run, longer, progress=False).step == 16
    assert load(run)[0].iterations == 16


def test_other_files_are_refused(tmp_path):
    (tmp_path / "images").mkdir()
    images = data.ImageFolder(str(tmp_path / "images"), size=4)
    for name, size in (("a", 1), ("b", 2)):
        (tmp_path / f"images/{name}.png").write_bytes(b"x" * size)
    data_file.write(tmp_path, 2, data.fingerprint(images), {})
    data_file.check(tmp_path, 2, data.fingerprint(images))
    (tmp_path / "images/b.png").rename(tmp_path / "images/0.png")
    other = data.fingerprint(dataclasses.replace(images))
    with pytest.raises(ConfigError, match=r'other names or sizes: .* remove "files" from .*data'):
        data_file.check(tmp_path, 2, other)
    node = json.loads((tmp_path / "data.json").read_text())
    del node["files"]
    (tmp_path / "data.json").write_text(json.dumps(node))
    data_file.check(tmp_path, 2, other)


@pytest.mark.parametrize("same", [True, False])
def test_data_may_move(tiny, tmp_path, monkeypatch, same):
    monkeypatch.setattr(loop, "_run", lambda *_: None)
    (tmp_path / "a").mkdir()
    for i in range(20):
        Image.new("L", (2, 2), i).save(tmp_path / f"a/{i:02d}.png")
    experiment = tiny(data=data.ImageFolder(str(tmp_path / "a"), size=2, channels=1), batch_size=4)
    monkeypatch.setattr(loop, "rehearse", lambda _: None)
    train(experiment, tmp_path / "run", progress=False)
    (tmp_path / "a").rename(tmp_path / "b")
    if not same:
        (tmp_path / "b/07.png").rename(tmp_path / "b/7.png")
    moved = data.ImageFolder(str(tmp_path / "b"), size=2, channels=1)
    wanted = dataclasses.replace(experiment, data=moved)
    if same:
        resume(tmp_path / "run", wanted, progress=False)
        assert folder.read_experiment(tmp_path / "run").data == moved
        return
    with pytest.raises(ConfigError, match="other names or sizes"):
        resume(tmp_path / "run", wanted, progress=False)
    assert folder.read_experiment(tmp_path / "run").data == experiment.data


def test_a_best_state_that_is_gone_is_chosen_anew(run):
    def offer(step, value):
        result = Result("FD-digits", value, better="lower")
        best_checkpoint.offer(run, step, {"x": np.float32([step])}, result)

    offer(4, 1.0)
    shutil.rmtree(run / "best")
    with pytest.warns(UserWarning, match="best no longer has step 4, which was the best"):
        offer(8, 2.0)
    assert best_checkpoint.read_best(run)["step"] == 8
    (run / "best.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"best.json is damaged"):
        offer(12, 3.0)
    assert (run / "best.json").read_text() == "{"


def pipe(file):
    file.unlink()
    os.mkfifo(file)


def endless(file):
    file.unlink()
    file.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "damage",
    [
        pipe,
        endless,
        lambda file: file.write_text("[" * 100_000),
        lambda file: file.write_text('{"step": Infinity, "value": 1, "metric": "", "label": ""}'),
        lambda file: file.write_text('{"step": 1e999, "value": 1, "metric": "", "label": ""}'),
        lambda file: file.write_text("{}"),
        lambda file: file.write_bytes(b"\xff"),
    ],
)
def test_hostile_files_are_refused(run, damage):
    (run / "best.json").touch()
    damage(run / "best.json")
    with pytest.raises(CheckpointError, match=r"best.json is damaged \(.*take the newest"):
        load(run, best=True)
    damage(run / "saved.json")
    with pytest.raises(CheckpointError, match=r"saved.json is damaged \("):
        resume(run, progress=False)

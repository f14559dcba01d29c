import dataclasses
import json
import os
import resource
import shutil
import signal
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gans_jax import data, networks, wrappers
from gans_jax.data.order import permutation
from gans_jax.runs import config
from gans_jax.training import (
    CheckpointError,
    Checkpoints,
    ConfigError,
    Interrupted,
    load,
    recorder,
    resume,
    train,
)
from gans_jax.training.program import Program
from tests.support.tiny import assert_same_bits


@dataclasses.dataclass(frozen=True)
class Failing:
    """Points on the circle, of which number `unreadable` is so while that is set."""

    num: int = 200
    unreadable: ClassVar[int | None] = None

    def __len__(self):
        return self.num

    def __getitem__(self, index):
        if index == Failing.unreadable:
            raise data.DataError(f"example {index} cannot be read: replace it")
        return {"image": np.array([np.cos(index), np.sin(index)], np.float32)}


@dataclasses.dataclass(frozen=True)
class Flat:
    """Images of two pixels as points."""

    source: data.ImageFolder

    def __len__(self):
        return len(self.source)

    def __getitem__(self, index):
        return {"image": self.source[index]["image"].ravel().astype(np.float32) / 20}


def steps(workdir):
    return [
        json.loads(line)["step"] for line in (workdir / "metrics.jsonl").read_text().splitlines()
    ]


def test_a_resumed_run_has_as_many_examples_as_before(finished, tmp_path):
    workdir = tmp_path / "run"
    shutil.copytree(finished[0], workdir)
    found = json.loads((workdir / "data.json").read_text())
    (workdir / "data.json").write_text(json.dumps(found | {"examples": 7}))
    with pytest.raises(ConfigError, match="began with 7 examples, but the data now have"):
        resume(workdir, progress=False)
    (workdir / "data.json").write_text("{")
    with pytest.raises(ConfigError, match=r"data.json is damaged .* restore it from a copy"):
        load(workdir)


def metrics(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [
        {k: v for k, v in e.items() if k not in ("seconds", "images_per_second", "input_wait")}
        for e in lines
    ]


def test_a_run_leaves_a_full_folder(finished):
    workdir, _, state = finished
    assert int(state.step) == 12
    assert steps(workdir) == [5, 10, 12]
    assert sorted(p.name for p in (workdir / "samples").iterdir()) == [
        "00000000.png",
        "00000008.png",
        "00000012.png",
    ]
    with Checkpoints(workdir / "checkpoints", 2) as checkpoints:
        assert checkpoints.steps() == [8, 12]
    assert [p.stat().st_size > 100 for p in workdir.glob("events.out.tfevents.*")] == [True]
    with Image.open(workdir / "report.png") as report:
        assert report.width > 1000


def test_metrics_are_those_of_the_step(finished):
    workdir, experiment, _ = finished
    init_key, run_key, _ = jax.random.split(jax.random.key(experiment.seed), 3)
    stream = data.stream(experiment.data, experiment.batch_size, experiment.seed, experiment.method)
    state, step = (
        jax.jit(experiment.method.init)(init_key, stream[0]),
        jax.jit(experiment.method.step),
    )
    for t in range(10):
        state, values = step(state, stream[t], jax.random.fold_in(run_key, t))
    logged = metrics(workdir)[1]
    assert logged.keys() == values.keys() | {"step", "learning_rate"}
    assert logged["learning_rate"] == experiment.method.learning_rate
    for name, value in values.items():
        np.testing.assert_allclose(logged[name], value, rtol=1e-4, err_msg=name)


def test_load_needs_only_the_folder(finished, tmp_path):
    workdir, experiment, state = finished
    moved = shutil.copytree(workdir, tmp_path / "moved")
    loaded, restored = load(moved)
    assert config.to_json(loaded) == config.to_json(experiment)
    assert_same_bits(restored, state)


def test_a_crash_costs_no_line_and_doubles_none(tiny, tmp_path, monkeypatch):
    experiment = tiny(data=Failing(), log_every=1, checkpoint_every=3)
    straight = train(experiment, tmp_path / "straight", progress=False)
    crashed = tmp_path / "crashed"

    class Crash(BaseException):
        """As the end of a process, it is rescued by nothing."""

    def keys(program, t):
        if t == 8:
            raise Crash
        return original(program, t)

    original = Program.keys
    with monkeypatch.context() as patch:
        patch.setattr(Program, "keys", keys)
        with pytest.raises(Crash):
            train(experiment, crashed, progress=False)
    assert steps(crashed)[-1] > load(crashed, [Failing])[1].step == 6
    with (crashed / "metrics.jsonl").open("a") as file:
        file.write('{"step": 99')
    resumed = resume(crashed, extra=[Failing], progress=False)
    assert_same_bits(resumed, straight)
    assert steps(crashed) == list(range(1, 13))
    assert metrics(crashed) == metrics(tmp_path / "straight")


def test_a_data_error_saves_what_is_done(tiny, tmp_path, monkeypatch):
    experiment = tiny(data=Failing(), log_every=1, checkpoint_every=100)
    straight = train(experiment, tmp_path / "straight", progress=False)
    first_of_8 = permutation(200, experiment.seed, 0)[8 * 16]
    monkeypatch.setattr(Failing, "unreadable", int(first_of_8))
    words = f"{first_of_8} cannot be read: .* after iteration 8 is saved: .*resume {tmp_path}/run`"
    with pytest.raises(data.DataError, match=words):
        train(experiment, tmp_path / "run", progress=False)
    with pytest.raises(data.DataError, match="cannot be read: replace it") as again:
        resume(tmp_path / "run", extra=[Failing], progress=False)
    assert "is saved" not in str(again.value)
    assert load(tmp_path / "run", [Failing])[1].step == 8
    monkeypatch.setattr(Failing, "unreadable", None)
    assert_same_bits(resume(tmp_path / "run", extra=[Failing], progress=False), straight)
    assert metrics(tmp_path / "run") == metrics(tmp_path / "straight")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_within_one_iteration(tiny, tmp_path, monkeypatch, number):
    def keys(program, t):
        if t == 5:
            os.kill(os.getpid(), number)
        return original(program, t)

    original = Program.keys
    monkeypatch.setattr(Program, "keys", keys)
    with pytest.raises(
        Interrupted, match="stopped after iteration 6, whose state is saved"
    ) as stop:
        train(tiny(checkpoint_every=100, log_every=100), tmp_path / "run", progress=False)
    assert stop.value.number == number
    assert load(tmp_path / "run")[1].step == 6


def test_no_good_checkpoint_is_no_new_start(finished, tmp_path):
    workdir = shutil.copytree(finished[0], tmp_path / "run")
    for record in workdir.glob("checkpoints/*/leaves/metadata"):
        record.write_text("{}")
    for _ in range(2):
        with pytest.raises(CheckpointError, match=r"has no good step: 12 .* 8 "):
            resume(workdir, progress=False)
    assert steps(workdir) == [5, 10, 12]


def test_more_iterations_may_be_added(finished, tiny, tmp_path):
    workdir, experiment, _ = finished
    longer = shutil.copytree(workdir, tmp_path / "longer")
    resumed = resume(longer, dataclasses.replace(experiment, iterations=20), progress=False)
    assert_same_bits(resumed, train(tiny(iterations=20), tmp_path / "straight", progress=False))
    assert steps(longer) == [5, 10, 12, 15, 20]
    assert load(longer)[0].iterations == 20


def test_a_complete_run_gets_its_report_again(finished, tmp_path):
    workdir, _, state = finished
    again = shutil.copytree(workdir, tmp_path / "again")
    (again / "report.png").unlink()
    assert_same_bits(resume(again, progress=False), state)
    assert (again / "report.png").exists()
    assert steps(again) == [5, 10, 12]


def test_another_configuration_is_refused(finished):
    workdir, experiment, _ = finished
    faster = dataclasses.replace(experiment.method, learning_rate=0.5)
    other = dataclasses.replace(experiment, method=faster, seed=3, iterations=20)
    before = (workdir / "config.json").read_text()
    with pytest.raises(ConfigError, match=r"method.learning_rate: 0.0002 -> 0.5; seed: 0 -> 3"):
        resume(workdir, other, progress=False)
    with pytest.raises(ConfigError, match="12 iterations, which cannot become 3"):
        resume(workdir, dataclasses.replace(experiment, iterations=3), progress=False)
    assert (workdir / "config.json").read_text() == before


def test_a_run_is_never_overwritten(finished, tmp_path):
    workdir, experiment, _ = finished
    before = {p: p.stat().st_mtime_ns for p in workdir.rglob("*")}
    with pytest.raises(
        ConfigError, match="already holds a run: continue it with `python -m gans_jax resume"
    ):
        train(experiment, workdir, progress=False)
    assert before == {p: p.stat().st_mtime_ns for p in workdir.rglob("*")}
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigError, match="is not empty: choose another --workdir"):
        train(experiment, tmp_path, progress=False)


def test_an_unwritable_folder_is_one_clear_error(tiny, tmp_path):
    (tmp_path / "file").touch()
    for workdir in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(OSError, match=r"cannot be written .*: choose another --workdir"):
            train(tiny(), workdir, progress=False)


def test_networks_that_do_not_fit_leave_no_folder(tiny, tmp_path):
    unfit = tiny({"generator": networks.MLPGenerator((3,), (8,))})
    with pytest.raises(ConfigError, match=r"\(3,\), but the data have \(2,\)"):
        train(unfit, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_metric_that_is_not_finite_ends_the_run(tiny, tmp_path):
    method = {"learning_rate": 1e30}
    diverging = tiny(method, iterations=50, log_every=50, checkpoint_every=1)
    with pytest.raises(FloatingPointError, match=r"(loss|norm) is (nan|inf) after iteration \d+"):
        train(diverging, tmp_path / "run", progress=False)
    _, state = load(tmp_path / "run")
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state))


@dataclasses.dataclass(frozen=True)
class Breaking(wrappers.Wrapper):
    """A GAN of which a metric is not finite once `at` iterations are done."""

    metric: str
    at: int = 7

    def step(self, state, batch, key):
        state, metrics = self.method.step(state, batch, key)
        bad = jnp.where(state.step >= self.at, jnp.nan, metrics[self.metric])
        return state, metrics | {self.metric: bad}


@pytest.mark.parametrize(
    ("metric", "backend"), [("generator_loss", "cpu"), ("discriminator_gradient_norm", "tpu")]
)
def test_the_first_bad_iteration_is_named(tiny, tmp_path, monkeypatch, metric, backend):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    experiment = tiny(log_every=100, checkpoint_every=4, iterations=20)
    experiment = dataclasses.replace(experiment, method=Breaking(experiment.method, metric))
    player = metric.partition("_")[0]
    words = rf"{metric} is nan after iteration 7, the first such iteration \(player {player}\)"
    with pytest.raises(FloatingPointError, match=words):
        train(experiment, tmp_path / "run", progress=False)
    with Checkpoints(tmp_path / "run/checkpoints") as checkpoints:
        assert checkpoints.steps() == [4]


def test_metrics_cost_no_synchronisation(tiny, tmp_path, monkeypatch):
    """On an accelerator those of an iteration are read when the next is on its way."""
    events, run, is_finite = [], Program.dispatch, recorder.is_finite

    def read(outcome):
        events.append("read")
        return is_finite(outcome)

    def dispatch(*arguments):
        events.append("dispatch")
        return run(*arguments)

    monkeypatch.setattr(jax, "default_backend", lambda: "tpu")
    monkeypatch.setattr(recorder, "is_finite", read)
    monkeypatch.setattr(Program, "dispatch", dispatch)
    rare = {"log_every": 100, "checkpoint_every": 100}
    train(tiny(iterations=4, **rare), tmp_path / "run", progress=False)
    assert events == ["dispatch", *["dispatch", "read"] * 3]


@pytest.mark.slow
def test_disk_full(tiny, tmp_path):
    """What a run writes fails from some byte on, as it does where no room is left."""
    every = {"log_every": 1, "sample_every": 2, "checkpoint_every": 2, "keep": 9}
    experiment = tiny(iterations=30, **every)
    straight = train(experiment, tmp_path / "straight", progress=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    workdir = tmp_path / "run"
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
        with pytest.raises(
            OSError, match=rf"{workdir} cannot be written \(.*\): make room"
        ) as full:
            train(experiment, workdir, progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(full.value)
    assert 0 < load(workdir)[1].step < 30
    assert_same_bits(resume(workdir, progress=False), straight)
    assert steps(workdir) == list(range(1, 31))


@pytest.mark.parametrize("name", ["iterations", "batch_size", "log_every", "keep", "samples"])
def test_numbers_out_of_range_are_refused(tiny, name):
    with pytest.raises(ValueError, match=f"{name} must be positive, but is 0"):
        tiny(**{name: 0})


@pytest.mark.parametrize("value", [2.5, 4.0, "4", True])
def test_numbers_that_are_not_whole_are_refused(tiny, value):
    with pytest.raises(ValueError, match=f"batch_size must be a whole number, but is {value!r}"):
        tiny(batch_size=value)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no run"):
        resume(tmp_path, progress=False)
    with pytest.raises(ConfigError, match="holds no run"):
        load(tmp_path / "absent")


def test_a_run_that_a_bad_image_ended_may_skip_it(tiny, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for i in range(20):
        Image.new("L", (2, 1), i).save(images / f"{i:02d}.png")
    bad = next(i for i in permutation(20, 0, 0)[10:] if i > 8)  # not in the first picture
    (images / f"{bad:02d}.png").write_bytes(b"")
    source = Flat(data.ImageFolder(str(images), size=None, channels=1))
    experiment = tiny(data=source, iterations=4, batch_size=5, checkpoint_every=1)
    with pytest.raises(data.DataError, match="cannot be read"):
        train(experiment, tmp_path / "run", progress=False)
    skips = dataclasses.replace(source, source=dataclasses.replace(source.source, on_bad="skip"))
    wanted = dataclasses.replace(experiment, data=skips)
    with pytest.warns(UserWarning, match="takes the place"):
        resumed = resume(tmp_path / "run", wanted, extra=[Flat], progress=False)
    straight = train(wanted, tmp_path / "straight", progress=False)
    assert_same_bits(resumed, straight)
    assert load(tmp_path / "run", [Flat])[0].data == skips
    with pytest.raises(ConfigError, match=r"data.source.on_bad: 'skip' -> 'raise'"):
        resume(tmp_path / "run", experiment, extra=[Flat], progress=False)

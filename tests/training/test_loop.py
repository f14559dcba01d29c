import dataclasses
import json
import shutil
from typing import ClassVar

import jax
import numpy as np
import pytest
from PIL import Image

from gans_jax import data, networks
from gans_jax.data.source import permutation
from gans_jax.training import Checkpoints, ConfigError, config, load, resume, train
from tests.tiny import assert_same_bits


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
    return [json.loads(line)["step"] for line in (workdir / "metrics.jsonl").open()]


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
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").open()]
    return [
        {k: v for k, v in e.items() if k not in ("seconds", "images_per_second")} for e in lines
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
    assert logged.keys() == values.keys() | {"step"}
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
    first_of_8 = permutation(200, experiment.seed, 0)[8 * 16]
    monkeypatch.setattr(Failing, "unreadable", int(first_of_8))
    with pytest.raises(data.DataError, match=f"example {Failing.unreadable} cannot be read"):
        train(experiment, crashed, progress=False)
    assert steps(crashed)[-1] > load(crashed, [Failing])[1].step == 6
    monkeypatch.setattr(Failing, "unreadable", None)
    with (crashed / "metrics.jsonl").open("a") as file:
        file.write('{"step": 99')
    resumed = resume(crashed, extra=[Failing], progress=False)
    assert_same_bits(resumed, straight)
    assert steps(crashed) == list(range(1, 13))
    assert metrics(crashed) == metrics(tmp_path / "straight")


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


@pytest.mark.parametrize("name", ["iterations", "batch_size", "log_every", "keep", "samples"])
def test_numbers_out_of_range_are_refused(tiny, name):
    with pytest.raises(ValueError, match=f"{name} must be positive, but is 0"):
        tiny(**{name: 0})


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
    with pytest.warns(UserWarning, match="takes the place"):
        straight = train(wanted, tmp_path / "straight", progress=False)
    assert_same_bits(resumed, straight)
    assert load(tmp_path / "run", [Flat])[0].data == skips
    with pytest.raises(ConfigError, match=r"data.source.on_bad: 'skip' -> 'raise'"):
        resume(tmp_path / "run", experiment, extra=[Flat], progress=False)

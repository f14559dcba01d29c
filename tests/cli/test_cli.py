import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image, ImageSequence

from gans_jax import pictures
from gans_jax.cli import arithmetic, load_file, main
from gans_jax.cli.arguments import SIDE
from gans_jax.cli.paths import default_workdir
from gans_jax.core import extras
from gans_jax.data.image import to_uint8
from gans_jax.training import load
from tests.support.processes import OWN, environment
from tests.support.tiny import assert_same_bits

PACKAGE = Path(__file__).parents[2]

IMAGES = """
import gans_jax
from gans_jax import networks, priors
from gans_jax.training import Experiment

experiment = Experiment(
    method=gans_jax.WGAN(
        networks.MLPGenerator((28, 28, 1), (8, 8)),
        networks.MLPDiscriminator((8,)),
        priors.Normal(4),
        n_critic=2,
    ),
    data=gans_jax.data.Digits(),
    iterations=6,
    batch_size=8,
)
"""


@pytest.fixture(autouse=True)
def compilation_cache(monkeypatch):
    """Leaves the cache of the test session as it is."""
    cache = jax.config.jax_compilation_cache_dir or ""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", cache)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of images in the default folder, `runs/digits` beside the file `digits.py`."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "digits.py").write_text(IMAGES)
    overrides = ["--iterations", "3", "--method.generator.features", "6", "5"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["train", "digits.py", *overrides]) == 0
    return folder / "runs" / "digits"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A file with a class of its own, and the complete run of its experiment."""
    file = tmp_path_factory.mktemp("own") / "own.py"
    file.write_text(OWN)
    assert main(["train", str(file), "--workdir", str(file.with_name("straight"))]) == 0
    return file, file.with_name("straight")


def picture(path):
    with Image.open(path) as image:
        return np.asarray(image)[..., None]


def error(capsys, *arguments):
    """The one sentence that a command ends with."""
    assert main(list(map(str, arguments))) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


@pytest.mark.slow
def test_overrides_reach_method_and_networks(run):
    experiment, _ = load(run)
    assert experiment.iterations == 3
    assert experiment.method.generator.features == (6, 5)
    assert experiment.method.n_critic == 2


def test_sample_draws_what_the_method_samples(run, tmp_path, capsys):
    out = tmp_path / "grid.png"
    assert main(["sample", str(run), "--num", "5", "--seed", "3", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"written to {out}\n"
    experiment, state = load(run)
    images = experiment.method.sample(state, jax.random.key(3), 5)
    drawn = pictures.grid(np.asarray(images))
    np.testing.assert_array_equal(picture(out), pictures.enlarged(drawn, SIDE))
    assert main(["sample", str(run), "--num", "5", "--seed", "3"]) == 0
    assert (run / "sample.png").read_bytes() == out.read_bytes()


def test_interpolate_goes_from_one_point_of_noise_to_another(run, tmp_path):
    out = tmp_path / "rows.png"
    assert main(["interpolate", str(run), "--rows=2", "--steps=3", "--out", str(out)]) == 0
    experiment, state = load(run)
    ends = experiment.method.prior(jax.random.key(0), 4)
    order = [ends[0], (ends[0] + ends[2]) / 2, ends[2], ends[1], (ends[1] + ends[3]) / 2, ends[3]]
    images = np.asarray(experiment.method.generate(state, np.stack(order)))
    wanted = pictures.enlarged(pictures.grid(images, columns=3), SIDE).astype(int)
    assert np.abs(picture(out) - wanted).max() <= 1


def test_interpolate_moves_there_and_back(run, tmp_path, capsys):
    out = tmp_path / "walk.gif"
    words = ["interpolate", str(run), "--rows=4", "--steps=5"]
    assert main([*words, "--out", str(out)]) == 0
    with Image.open(out) as moving:
        assert (moving.n_frames, moving.size) == (8, (7 * 58, 7 * 58))  # 2 x 2 images of 28 pixels
        frames = [np.array(moving.convert("L")) for moving in ImageSequence.Iterator(moving)]
    for there, back in ((1, 7), (2, 6), (3, 5)):
        np.testing.assert_array_equal(frames[there], frames[back])
    assert np.abs(frames[0].astype(int) - frames[4]).max() > 0
    with pytest.raises(SystemExit):
        main([*words, "--out", str(tmp_path / "walk.jpg")])
    assert "must end in .png or .gif or .mp4" in capsys.readouterr().err


def test_interpolate_makes_a_film(run, tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    out = tmp_path / "walk.mp4"
    assert main(["interpolate", str(run), "--rows=1", "--steps=5", "--out", str(out)]) == 0
    words = [ffmpeg, "-i", str(out), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = subprocess.run(words, capture_output=True, check=True).stdout
    frames = np.frombuffer(pixels, np.uint8).reshape(8, 448, 448, 3).astype(int)
    assert np.abs(frames[1] - frames[7]).mean() < 1
    assert np.abs(frames[0] - frames[4]).mean() > np.abs(frames[0] - frames[1]).mean() > 0


def test_a_film_needs_its_package(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(extras.OLDEST, "imageio-ffmpeg", ("video", "99.0"))
    with pytest.raises(SystemExit):
        main(["interpolate", str(run), "--out", str(tmp_path / "walk.mp4")])
    assert "an MP4 file needs imageio-ffmpeg 99.0 or newer" in capsys.readouterr().err


@pytest.mark.slow
def test_arithmetic_draws_its_terms_their_means_and_neighbours(run, tmp_path):
    out = tmp_path / "sum.png"
    terms = ["--a", "0", "5", "1", "--b", "2", "--c", "3", "4"]
    assert main(["arithmetic", str(run), *terms, "--seed=3", "--out", str(out)]) == 0
    experiment, state = load(run)
    z = np.asarray(experiment.method.prior(jax.random.key(3), 6))
    means = [z[[0, 5, 1]].mean(0), z[2], z[[3, 4]].mean(0)]
    total = means[0] - means[1] + means[2]

    times = SIDE // (7 * 30)  # by which it is enlarged
    drawn = picture(out)[-(4 * 30 - 2) * times :]  # below the names of the columns
    cells = drawn[::times, ::times, 0]
    cell = lambda row, column: cells[30 * row : 30 * row + 28, 30 * column : 30 * column + 28]
    wanted = {(0, 0): z[0], (1, 0): z[5], (2, 0): z[1], (0, 1): z[2], (0, 2): z[3], (1, 2): z[4]}
    wanted |= {(3, column): mean for column, mean in enumerate(means)} | {(1, 5): total}
    images = np.asarray(experiment.method.generate(state, np.stack([*wanted.values()])))
    for place, image in zip(wanted, to_uint8(images)[..., 0], strict=True):
        assert np.abs(cell(*place).astype(int) - image).max() <= 1, place
    assert not cell(1, 1).any()
    assert not cells[:, 90:118].any()
    neighbours = arithmetic.neighbours(total, jax.random.key(0))
    np.testing.assert_array_equal(neighbours[4], total)
    away = np.abs(np.delete(neighbours, 4, axis=0) - total)
    assert 0.2 < away.max() <= 0.25
    assert len(np.unique(away)) == away.size


def test_export_runs_without_this_package(run, tmp_path):
    pytest.importorskip("flatbuffers")
    file, out = tmp_path / "sampler.bin", tmp_path / "images.npy"
    assert main(["export", str(run), "--num", "3", "--stablehlo", str(file)]) == 0
    code = (
        "import sys, numpy, jax.export, pathlib\n"
        f"sampler = jax.export.deserialize(pathlib.Path({str(file)!r}).read_bytes())\n"
        f"numpy.save({str(out)!r}, sampler.call(numpy.uint32(7)))\n"
        "assert sampler.platforms == ('cpu', 'cuda', 'tpu')\n"
        "assert not any(name.split('.')[0] in ('gans_jax', 'flax') for name in sys.modules)\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    experiment, state = load(run)
    wanted = experiment.method.sample(state, jax.random.key(7), 3)
    np.testing.assert_allclose(np.load(out), wanted, rtol=0, atol=1e-6)


def test_a_stopped_run_continues_exactly_in_a_new_process(own, tmp_path, monkeypatch, capsys):
    file, straight = own
    stopped = tmp_path / "stopped"
    resume = ["resume", str(stopped), "--experiment", str(file)]
    with monkeypatch.context() as patch:
        patch.setenv("STOP_AT", "150")
        patch.setenv("STOP_BY", "SIGINT")
        assert main(["train", str(file), "--workdir", str(stopped)]) == 130
        assert f"continue with `python -m gans_jax resume {stopped}`" in capsys.readouterr().err
        patch.setenv("STOP_BY", "SIGTERM")
        assert main(resume) == 143
    extra = load_file(file)[1]
    assert 0 < load(stopped, extra)[1].step < 60
    subprocess.run([sys.executable, "-m", "gans_jax", *resume], cwd=PACKAGE, check=True)

    assert_same_bits(load(stopped, extra)[1], load(straight, extra)[1])
    assert metrics(stopped) == metrics(straight)


@pytest.mark.slow
@pytest.mark.parametrize(("stop", "code"), [("SIGTERM", 143), ("SIGHUP", 129), (None, 0)])
def test_a_run_outlives_the_reader_of_its_messages(own, stop, code, tmp_path, monkeypatch):
    if stop:
        monkeypatch.setenv("STOP_AT", "150")
        monkeypatch.setenv("STOP_BY", stop)
    reader, writer = os.pipe()
    os.close(reader)
    kept = os.dup(2)
    os.dup2(writer, 2)
    os.close(writer)
    try:
        monkeypatch.setattr(sys, "stderr", os.fdopen(2, "w", closefd=False))
        assert main(["train", str(own[0]), "--workdir", str(tmp_path / "run")]) == code
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    step = load(tmp_path / "run", load_file(own[0])[1])[1].step
    assert step == 60 if stop is None else 0 < step < 60


def test_commands_read_and_write_runs_in_an_object_store(own, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    name = f"bucket-{tmp_path.name}_run"
    run = f"memory://bucket-{tmp_path.name}/run"
    file, command = str(own[0]), ["--experiment", str(own[0])]
    assert main(["train", file, "--iterations", "3", "--workdir", run]) == 0
    assert f"{run}: 3 iterations done, see {run}/report.png" in capsys.readouterr().out
    assert main(["resume", run, *command, "--iterations", "4"]) == 0
    assert f"{run}: 4 iterations done" in capsys.readouterr().out
    assert main(["sample", run, *command]) == 0
    assert f"written to {name}_sample.png" in capsys.readouterr().out
    assert main(["evaluate", run, *command, "--metrics", "sliced-wasserstein", "--num", "50"]) == 0
    assert f"written to {name}_evaluations.json" in capsys.readouterr().out
    assert main(["report", run, *command]) == 0
    assert f"written to {name}_report.html" in capsys.readouterr().out
    assert "50 real (train), 50 fake" in Path(f"{name}_report.html").read_text("utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {
        "cache",
        f"{name}_sample.png",
        f"{name}_evaluations.json",
        f"{name}_report.html",
    }
    assert int(load(run, load_file(own[0])[1])[1].step) == 4


def test_what_is_not_there_is_told_before_anything_slow_is_loaded(tmp_path):
    code = (
        "import sys; from gans_jax.cli import main; code = main(sys.argv[1:]); "
        "print(code, 'jax' in sys.modules)"
    )

    def told(*words):
        command = [sys.executable, "-c", code, *words]
        found = subprocess.run(command, cwd=tmp_path, env=environment(1), capture_output=True)
        assert found.stdout.decode().split() == ["1", "False"]
        return found.stderr.decode()

    assert told("sample", "nowhere") == (
        "error: there is no folder nowhere: give the folder that `train` made\n"
    )
    assert "there is no file wgan_digit: did you mean wgan_digits?" in told("train", "wgan_digit")
    assert "there is no file a.py: name the file" in told("plan", "a.py:x", "--topology", "v5e:2x2")


def test_the_help_of_an_installed_experiment_is_its_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["train", "wgan_digits", "--help"])
    assert "--method.clip" in capsys.readouterr().out


def test_an_address_is_refused_where_a_file_of_this_machine_is_needed(own, capsys):
    with pytest.raises(SystemExit):
        main(["sample", "gs://bucket/run", "--out", "gs://bucket/sample.png"])
    assert "gs://bucket/sample.png: only data and the folders of runs can be" in (
        capsys.readouterr().err
    )
    for name in ("train", "resume", "sample", "evaluate", "report"):
        arguments = [str(own[0]), "--workdir"] if name == "train" else []
        assert main([name, *arguments, "nowhere://bucket/run"]) == 1
        assert "nowhere://bucket/run is of an unknown kind" in capsys.readouterr().err


def metrics(workdir):
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [
        {k: v for k, v in e.items() if k not in ("seconds", "images_per_second", "input_wait")}
        for e in lines
    ]


def test_an_own_class_is_found_only_with_its_file(own, tmp_path, capsys):
    file, workdir = own
    out = tmp_path / "points.png"
    assert "unknown type 'Circle'" in error(capsys, "sample", workdir, "--out", out)
    assert main(["sample", str(workdir), "--out", str(out), "--experiment", str(file)]) == 0
    with Image.open(out) as image:
        assert image.size == (480, 480)
    interpolate = ("interpolate", workdir, "--out", out, "--experiment", file)
    assert "makes points: draw them with `sample`" in error(capsys, *interpolate)
    terms = ("--a", 1, "--b", 2, "--c", 3)
    arithmetic = ("arithmetic", workdir, *terms, "--out", out, "--experiment", file)
    assert "makes points: draw them with `sample`" in error(capsys, *arithmetic)


def test_a_file_imports_its_neighbours_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "own_package" / "inner"
    folder.mkdir(parents=True)
    for place in (folder, folder.parent):
        (place / "__init__.py").touch()
    (folder / "a_neighbour.py").write_text(IMAGES)
    (folder / "first.py").write_text("from a_neighbour import experiment")
    (folder / "second.py").write_text("from own_package.inner.a_neighbour import experiment")
    for file in ("first.py", "second.py"):
        assert load_file(folder / file)[0].iterations == 6


def test_files_that_hold_no_experiment(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("experiments/digits").mkdir(parents=True)
    Path("experiments/digits/wgan_digits.py").write_text(IMAGES)
    wanted = "there is no file wgan_digit: did you mean experiments/digits/wgan_digits.py?"
    assert error(capsys, "train", "wgan_digit") == wanted
    remedy = "name the file of an experiment first, and its options after it"
    assert error(capsys, "train", "zzz.py").endswith(remedy)
    early = error(capsys, "train", "--method.clip", "0.1", "experiments/digits/wgan_digits.py")
    assert early.endswith(f"there is no file 0.1: {remedy}")
    unnamed = "no experiment is named: type `train FILE --iterations 3`"
    assert error(capsys, "train", "--iterations", "3") == unnamed
    Path("README.md").write_text("# A title\n\nSome words.\n")
    wanted = "README.md, line 3: invalid syntax: give the Python file of an experiment"
    assert error(capsys, "train", "README.md") == wanted
    Path("empty.py").write_text("experiment = 3\n")
    assert "empty.py has no experiment: assign `experiment =" in error(capsys, "train", "empty.py")
    Path("bad.py").write_text(IMAGES.replace("n_critic=2", "n_critic=0"))
    line = 1 + IMAGES[: IMAGES.index("WGAN(")].count("\n")
    wanted = f"bad.py, line {line}: n_critic must be positive, but is 0"
    assert wanted in error(capsys, "train", "bad.py")
    assert not Path("runs").exists()


def test_the_list_of_experiments(tmp_path, capsys):
    for name, text in {
        "one.py": f'"""Draws digits.\n\nWords."""\n{IMAGES}',
        "inner/two.py": '"""Several."""\nexperiments: dict = {}\n',
        "none.py": '"""A program."""\ndef experiment(): pass\n',
        "broken.py": "experiment = (",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert main(["list", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    two, one = tmp_path / "inner/two.py", tmp_path / "one.py"
    assert lines == [str(two), "    Several.", str(one), "    Draws digits."]
    two.unlink()
    assert "has no experiments: name another" in error(capsys, "list", str(two.parent))
    assert "there is no folder" in error(capsys, "list", str(tmp_path / "absent"))


def test_one_of_the_experiments_of_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    two = IMAGES + "experiments = {'small': experiment, 'a name': experiment}\n"
    Path("one.py").write_text(IMAGES)
    Path("both.py").write_text(two)
    Path("two.py").write_text(two + "del experiment\n")
    assert load_file("both.py") == load_file("both.py:small") == load_file("one.py")
    assert load_file("two.py:a name") == load_file("one.py")
    assert default_workdir("a/two.py") == Path("runs/two")
    assert default_workdir("a/two.py:a name") == Path("runs/two_a_name")
    choices = "choose one of two.py:small, two.py:a name"
    wanted = f"two.py names its experiments: {choices}"
    assert error(capsys, "train", "two.py") == wanted
    assert error(capsys, "train", "two.py:large") == f"two.py has no experiment large: {choices}"
    wanted = "one.py has no experiment small: assign `experiment ="
    assert error(capsys, "train", "one.py:small").startswith(wanted)
    assert "did you mean two.py?" in error(capsys, "train", "tow.py:small")
    Path("photos").mkdir()
    wanted = "photos is a folder: name the file of an experiment first, and a folder of images"
    assert error(capsys, "train", "photos").startswith(wanted)
    Path("photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    wanted = "give the Python file of an experiment"
    assert error(capsys, "train", "photo.png").startswith("photo.png")
    assert error(capsys, "train", "photo.png").endswith(wanted)
    Path("odd:name.py").write_text(IMAGES)
    assert load_file("odd:name.py") == load_file("one.py")


def test_errors_are_one_sentence(run, tmp_path, capsys):
    file = run.parents[1] / "digits.py"
    train = ("train", file, "--workdir", tmp_path / "run")
    assert "already holds a run" in error(capsys, "train", file, "--workdir", run)
    assert "cannot be written" in error(capsys, "train", file, "--workdir", file / "run")
    assert "lower batch_size" in error(capsys, *train, "--batch-size", "5000")
    assert "(28, 28, 1)" in error(capsys, *train, "--method.generator.shape", "9", "9", "1")
    assert "holds no run" in error(capsys, "resume", tmp_path)
    assert "seed: 0 -> 3" in error(capsys, "resume", run, "--seed", "3")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: COMMAND"),
        (["trian"], "there is no command trian: did you mean train?"),
        (["train"], "required: FILE"),
        (["train", "digits.py", "--iteration", "3"], "--iterations INT"),
        (["train", "digits.py", "--iterations", "x"], "invalid literal for int"),
        (["train", "digits.py", "--method.clip", "-1"], "clip must be positive, but is -1.0"),
        (["train", "digits.py", "--seed", "-1"], "seed must be a whole number from 0"),
        (["train", "digits.py", "--method.prior.size", "0"], "size must be positive, but is 0"),
        (["sample", "runs/digits", "--out", "a.gif"], "'a.gif' must end in .png"),
        (["sample", "runs/digits", "--out", "no/a.png"], "there is no folder no: make it first"),
        (["export", "runs/digits", "--stablehlo", "no/a"], "there is no folder no: make it first"),
        (["sample", "runs/digits", "--out", "a.png", "--seed", "-1"], "whole number from 0"),
        (
            ["sample", "runs/digits", "--out", "a.png", "--num", "0"],
            "must be a positive whole number",
        ),
        (["sample", "runs/digits", "--out", "a.png", "--bogus"], "unrecognized arguments: --bogus"),
        (["export", "runs/digits"], "one of the arguments --stablehlo --pytorch is required"),
    ],
)
def test_wrong_usage_has_exit_code_2(run, arguments, words, monkeypatch, capsys):
    monkeypatch.chdir(run.parents[1])
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert words in re.sub(r"[\s│]+", " ", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--help"], "resume` continues it"),
        (["train", "digits.py", "--help"], "--method.generator.features"),
        (["resume", "runs/digits", "--help"], "--method.clip"),
        (["export", "--help"], "jax.export.deserialize("),
    ],
)
def test_help(run, arguments, words, monkeypatch, capsys):
    monkeypatch.chdir(run.parents[1])
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert words in text
    assert "parent" not in text


def test_a_bug_keeps_its_trace(tmp_path):
    (tmp_path / "bug.py").write_text("import gans_jax\ngans_jax.NoSuchMethod()\n")
    with pytest.raises(AttributeError, match="NoSuchMethod"):
        main(["train", str(tmp_path / "bug.py")])


@pytest.mark.slow
def test_a_network_of_another_module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("my_networks.py").write_text(
        "import flax.linen as nn\n"
        "class Flat(nn.Module):\n"
        "    @nn.compact\n"
        "    def __call__(self, z):\n"
        "        return nn.tanh(nn.Dense(784)(z)).reshape(-1, 28, 28, 1)\n"
    )
    own = IMAGES.replace("networks.MLPGenerator((28, 28, 1), (8, 8))", "Flat()")
    text = "from my_networks import Flat\n" + own
    Path("own.py").write_text(text)
    assert main(["train", "own.py", "--iterations", "2", "--workdir", "run"]) == 0
    assert main(["sample", "run", "--out", "a.png"]) == 1
    assert main(["sample", "run", "--out", "a.png", "--experiment", "own.py"]) == 0


@pytest.mark.parametrize("platform", ["cuda", "nonsense"])
def test_a_platform_that_is_missing_is_one_error(tmp_path, platform):
    (tmp_path / "digits.py").write_text(IMAGES)
    command = [sys.executable, "-m", "gans_jax", "train", "digits.py"]
    environment = os.environ | {"JAX_PLATFORMS": platform, "PYTHONPATH": str(PACKAGE)}
    result = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment, text=True)
    assert result.returncode == 1
    line = f"error: JAX_PLATFORMS={platform} cannot be used here (.*): unset it, or set .*=cpu\n"
    assert re.fullmatch(line, result.stderr.splitlines(keepends=True)[-1])
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()

"""A disk that is really full ends a command with one sentence, and leaves the run whole."""

import contextlib
import dataclasses
import os
import re
import shutil
import subprocess
import sys

import pytest

from gans_jax.cli import main
from gans_jax.training import resume, train
from tests.support.processes import OWN, ROOT, environment
from tests.support.tiny import assert_same_bits

pytestmark = pytest.mark.slow


def mount(folder, *options):
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path):
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mount(place, "size=2m"):
        pytest.skip("only root may mount a file system")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk, free):
    """Leaves so many bytes free, rounded up to a page."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    os.truncate(ballast, max(0, ballast.stat().st_size - free))
    return ballast


def the_sentence(capfd):
    lines = capfd.readouterr().err.splitlines()
    (line,) = [line for line in lines if line and not line.startswith("run: ")]  # not the progress
    assert line.startswith("error: ")
    return line


def assert_nothing_half(disk):
    files = [path for path in disk.rglob("*") if path.is_file()]
    assert not [path for path in files if path.name.endswith(".part")]
    assert not [path for path in files if path.stat().st_size == 0 and "tfevents" not in path.name]


@pytest.mark.parametrize("free", [0, 4096, 20_000, 60_000])
def test_a_run_goes_on_once_there_is_room(free, disk, tiny, tmp_path, capfd):
    experiment = tiny(iterations=20, checkpoint_every=5, log_every=1, sample_every=20)
    straight = train(experiment, tmp_path / "straight", progress=False)
    run = disk / "run"
    train(dataclasses.replace(experiment, iterations=5), run, progress=False)
    ballast = fill(disk, free)
    capfd.readouterr()
    assert main(["resume", str(run), "--iterations", "20"]) == 1
    assert re.search("make room|No space left", the_sentence(capfd))
    ballast.unlink()
    assert_nothing_half(disk)
    assert_same_bits(resume(run, experiment, progress=False), straight)


def test_a_run_in_a_process_of_its_own_goes_on_after_the_disk_has_grown(disk, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    assert mount(disk, "remount", "size=600k")

    def command(*arguments):
        line = [sys.executable, "-m", "gans_jax", *map(str, arguments)]
        done = subprocess.run(
            line, cwd=ROOT, env=environment(1), capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stderr.splitlines()[-1]

    every = "--iterations", 30, "--checkpoint-every", 1, "--keep", 30
    code, last = command("train", tmp_path / "own.py", "--workdir", disk / "run", *every)
    assert code == 1
    # The disk may be full at the step's own files, or at the record of saved steps beside them.
    sentence = r"error: .* cannot be (saved in .*|written) \(No space .*\): make .*"
    assert re.fullmatch(sentence, last), last
    names = [path.name for path in (disk / "run/checkpoints").iterdir()]
    assert sorted(map(int, names)) == list(range(1, len(names) + 1))
    code, last = command("resume", disk / "run", "--experiment", tmp_path / "own.py")
    assert code == 1
    assert "make room" in last or "No space left" in last, last
    assert mount(disk, "remount", "size=64m")
    assert command("resume", disk / "run", "--experiment", tmp_path / "own.py")[0] == 0
    names = [path.name for path in (disk / "run/checkpoints").iterdir()]
    assert sorted(map(int, names)) == list(range(1, 31))


@pytest.mark.parametrize(
    "command",
    [
        "sample RUN --out DISK/out.png",
        "report RUN --out DISK/out.html",
        "export RUN --stablehlo DISK/out.bin",
        "evaluate RUN --num 500 --json DISK/out.json",
    ],
)
def test_one_sentence_names_the_file_and_nothing_stays(command, disk, finished, capfd):
    run = shutil.copytree(finished[0], disk.parent / "copy")
    fill(disk, 0)
    words = command.replace("RUN", str(run)).replace("DISK", str(disk)).split()
    assert main(words) == 1
    error = capfd.readouterr().err
    assert error.endswith(f"error: {words[-1]}: No space left on device\n")
    assert "Traceback" not in error
    assert [path.name for path in disk.iterdir()] == ["ballast"]

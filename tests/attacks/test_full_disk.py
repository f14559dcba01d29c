"""A disk that is really full ends a command with one sentence, and leaves the run whole."""

import contextlib
import dataclasses
import os
import re
import subprocess

import pytest

from gans_jax.cli import main
from gans_jax.training import resume, train
from tests.support.tiny import assert_same_bits

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path):
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
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
    (line,) = [each for each in capfd.readouterr().err.splitlines() if "it/s" not in each]
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


@pytest.mark.parametrize("command", ["sample", "report"])
def test_a_command_that_writes_one_file(command, disk, finished, capfd):
    fill(disk, 0)
    out = disk / ("out.png" if command == "sample" else "out.html")
    assert main([command, str(finished[0]), "--out", str(out)]) == 1
    assert str(out) in the_sentence(capfd)
    assert [path.name for path in disk.iterdir()] == ["ballast"]

"""What the commands say and leave behind where a disk is really full, which takes root to make."""

import os
import subprocess

import pytest

from gans_jax.cli import main
from gans_jax.training import train

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path):
    """A file system of 64 kB with nearly no room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        (folder / "fill").write_bytes(bytes(61_440))
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    "command",
    [
        "sample RUN --out DISK/out.png",
        "report RUN --out DISK/out.html",
        "export RUN --stablehlo DISK/out.bin",
        "evaluate RUN --num 500 --json DISK/out.json",
    ],
)
def test_one_sentence_names_the_file_and_nothing_stays(tiny, disk, tmp_path, capsys, command):
    train(tiny(iterations=4), tmp_path / "run", progress=False)
    if "evaluate" in command:
        (disk / "fill").write_bytes(bytes(65_536))
    words = command.replace("RUN", str(tmp_path / "run")).replace("DISK", str(disk)).split()
    assert main(words) == 1
    error = capsys.readouterr().err
    assert error.endswith(f"error: {words[-1]}: No space left on device\n")
    assert "Traceback" not in error
    assert [path.name for path in disk.iterdir()] == ["fill"]

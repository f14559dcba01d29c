"""Files are read within bounds, and written as a whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from gans_jax.core import files


@pytest.mark.parametrize("content", ["bent über\n", b"\x00\r\n"])
def test_text_and_bytes_are_written_as_they_are(content, tmp_path):
    files.write(tmp_path / "a", "the old and longer content")
    files.write(tmp_path / "a", content)
    written = content if isinstance(content, bytes) else content.encode()
    assert (tmp_path / "a").read_bytes() == written
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace")])
def test_a_failure_leaves_the_old_file_and_no_other_and_is_named(
    owner, name, tmp_path, monkeypatch
):
    files.write(tmp_path / "a", "old")

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path / 'a'}'"):
        files.write(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_longest_name_that_the_file_system_takes_can_be_written(tmp_path):
    path = tmp_path / ("n" * 255)
    files.write(path, "content")
    assert path.read_text() == "content"


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    os.mkfifo(path := tmp_path / "pipe")
    with pytest.raises(OSError, match=f"'{path}'"):  # as nobody reads
        files.write(path, "lost")
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    files.write(path, "content")
    assert os.read(reader, 100) == b"content"
    os.close(reader)
    assert path.is_fifo()
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]


def test_a_read_is_bounded(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert files.read(tmp_path / "a", 5) == b"12345"
    with pytest.raises(files.UnfitFile, match="more than 4 bytes"):
        files.read(tmp_path / "a", 4)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_only_regular_files_are_read(kind, tmp_path):
    path = tmp_path / "a"
    make = {"pipe": os.mkfifo, "device": lambda p: p.symlink_to("/dev/zero"), "folder": os.mkdir}
    make[kind](path)
    with pytest.raises(files.UnfitFile, match="not a regular file"):
        files.read(path, 10)
